// Plays a merchant towards the PayPal simulator with PayPal's own client for Node, `@paypal/paypal-server-sdk`.
//
// Usage: independent_client.mjs CONTROL_URL BASE_URL
//
// Prints one line for each step that succeeded and ends with status 0, or stops with a stack. The client knows PayPal's own
// addresses only, so its connections are opened to the simulator instead.

import assert from 'node:assert/strict';
import https from 'node:https';
import net from 'node:net';
import { createRequire } from 'node:module';

const [controlUrl, baseUrl] = process.argv.slice(2);
// The packages stand in another folder than this file.
const paypal = createRequire(`${process.env.PACKAGES}/`)('@paypal/paypal-server-sdk');
const prefer = 'return=representation';
const done = (step) => console.log(step);

class ToSimulator extends https.Agent {
  createConnection() {
    const { hostname, port } = new URL(baseUrl);
    return net.connect(Number(port), hostname);
  }
}

async function control(path, body) {
  const answer = await fetch(controlUrl + path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

function makeClient(oAuthClientId, oAuthClientSecret) {
  return new paypal.Client({
    clientCredentialsAuthCredentials: { oAuthClientId, oAuthClientSecret },
    environment: paypal.Environment.Sandbox,
    httpClientOptions: { httpsAgent: new ToSimulator() },
  });
}

/** Status and issue of a call that must fail. */
async function refused(call) {
  try {
    await call();
  } catch (error) {
    const answer = error.result ?? JSON.parse(error.body);
    return [error.statusCode, answer.details?.[0]?.issue ?? answer.error];
  }
  throw new Error('it was not refused');
}

const merchant = await control('/merchants', { invoice_ids: 'unique' });
const client = makeClient(merchant.client_id, merchant.client_secret);
const orders = new paypal.OrdersController(client);
const payments = new paypal.PaymentsController(client);

const stranger = new paypal.OAuthAuthorizationController(makeClient(merchant.client_id, 'wrong'));
const basic = `Basic ${Buffer.from(`${merchant.client_id}:wrong`).toString('base64')}`;
assert.deepEqual(await refused(() => stranger.requestToken({ authorization: basic })), [401, 'invalid_client']);
done('token');

const create = async (name, intent) => (await orders.createOrder({
  paypalRequestId: `o-${name}`,
  prefer,
  body: {
    intent,
    purchaseUnits: [{ customId: name, invoiceId: `invoice-${name}`, amount: { currencyCode: 'EUR', value: '24.90' } }],
    paymentSource: {
      paypal: {
        experienceContext: {
          returnUrl: 'https://shop.example/return', cancelUrl: 'https://shop.example/cancel', userAction: 'PAY_NOW',
        },
      },
    },
  },
})).result;
const approve = (id) => control(`/orders/${id}/approve`, { funding: { kind: 'balance' } });

const made = await create('one', 'CAPTURE');
assert.equal(made.status, 'PAYER_ACTION_REQUIRED');
assert.deepEqual(made.links.map((link) => link.rel), ['self', 'payer-action']);
const shown = (await orders.getOrder({ id: made.id })).result;
assert.deepEqual([shown.purchaseUnits[0].customId, shown.purchaseUnits[0].amount.value], ['one', '24.90']);
assert.deepEqual(await refused(() => orders.captureOrder({ id: made.id })), [422, 'ORDER_NOT_APPROVED']);
done('order');

await approve(made.id);
const captureOnce = () => orders.captureOrder({ id: made.id, paypalRequestId: 'c-1', prefer });
const capture = (await captureOnce()).result.purchaseUnits[0].payments.captures[0];
assert.equal(capture.status, 'COMPLETED');
assert.equal((await captureOnce()).result.purchaseUnits[0].payments.captures[0].id, capture.id);
assert.deepEqual(await refused(() => orders.captureOrder({ id: made.id })), [422, 'ORDER_ALREADY_CAPTURED']);
done('capture');

const refund = (value, paypalRequestId) => payments.refundCapturedPayment({
  captureId: capture.id, paypalRequestId, prefer, body: { amount: { currencyCode: 'EUR', value } },
});
const refunded = (await refund('10.00', 'r-1')).result;
assert.deepEqual([refunded.status, refunded.amount.value], ['COMPLETED', '10.00']);
assert.equal((await refund('10.00', 'r-1')).result.id, refunded.id);
assert.equal((await payments.getRefund({ refundId: refunded.id })).result.id, refunded.id);
assert.deepEqual(await refused(() => refund('14.91', 'r-2')), [422, 'REFUND_AMOUNT_EXCEEDED']);
done('refund');

const second = await create('two', 'AUTHORIZE');
await approve(second.id);
const authorized = await orders.authorizeOrder({ id: second.id, paypalRequestId: 'a-1', prefer });
const held = authorized.result.purchaseUnits[0].payments.authorizations[0];
assert.equal(held.status, 'CREATED');
await payments.voidPayment({ authorizationId: held.id, paypalRequestId: 'v-1', prefer });
assert.equal((await payments.getAuthorizedPayment({ authorizationId: held.id })).result.status, 'VOIDED');
done('authorization');
