// Verifies deliveries with the official Standard Webhooks library for JavaScript: one line for each, what it verified or
// "refused".
//
//     PACKAGES=folder node verify.mjs DELIVERIES.json

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.PACKAGES, "package.json"));
const { Webhook, WebhookVerificationError } = require("standardwebhooks");

const given = JSON.parse(readFileSync(process.argv[2], "utf8"));

for (const delivery of given.deliveries) {
  const headers = {
    "webhook-id": delivery.id,
    "webhook-timestamp": delivery.timestamp,
    "webhook-signature": delivery.signature,
  };
  try {
    const event = new Webhook(given.secret).verify(delivery.body, headers);
    console.log(event.type, event.data.eventId);
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    console.log("refused");
  }
}
