"""Verifies deliveries with the official Standard Webhooks library for Python: one line for each, what it verified or "refused".

    verify.py DELIVERIES.json
"""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)

for delivery in given["deliveries"]:
    headers = {
        "webhook-id": delivery["id"],
        "webhook-timestamp": delivery["timestamp"],
        "webhook-signature": delivery["signature"],
    }
    try:
        event = Webhook(given["secret"]).verify(delivery["body"], headers)
        print(event["type"], event["data"]["eventId"])
    except WebhookVerificationError:
        print("refused")
