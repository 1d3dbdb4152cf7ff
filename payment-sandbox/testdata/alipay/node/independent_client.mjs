// Plays a merchant towards the Alipay simulator with the official client `alipay-sdk` from npm.
//
// Usage: independent_client.mjs CONTROL_URL GATEWAY_URL KEY_MODE   (KEY_MODE: public_key or certificate)
//
// Prints one line for each step that succeeded and ends with status 0, or stops with a stack. Every answer is verified by
// the client; notifications arrive at a real HTTP server and go through its `checkNotifySignV2`. AES and V3 are its own.

import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';

const [controlUrl, gatewayUrl, keyMode] = process.argv.slice(2);
// The packages stand in another folder than this file.
const { AlipaySdk } = createRequire(`${process.env.PACKAGES}/`)('alipay-sdk');
const SUBJECT = '测试订单 A+B 50%';
const arrived = [];
let wake = () => {};

const done = (step) => console.log(step);

function listen() {
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part) => { body += part; });
    request.on('end', () => {
      arrived.push(Object.fromEntries(new URLSearchParams(body)));
      response.end('success');
      wake();
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve([server, `http://127.0.0.1:${server.address().port}/notify`]));
  });
}

async function notification(client) {
  while (arrived.length === 0) await new Promise((resolve) => { wake = resolve; });
  const told = arrived.shift();
  assert.equal(client.checkNotifySignV2({ ...told }), true, 'the client refused the notification');
  assert.equal(client.checkNotifySignV2({ ...told, total_amount: '0.01' }), false, 'it accepted a spoiled one');
  return told;
}

async function control(method, path, body) {
  const answer = await fetch(controlUrl + path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

function makeClient(merchant) {
  const config = {
    appId: merchant.app_id,
    privateKey: merchant.app_private_key_pem,
    keyType: 'PKCS8',
    gateway: gatewayUrl,
    endpoint: new URL(gatewayUrl).origin,
    encryptKey: merchant.aes_key,
  };
  if (keyMode !== 'certificate') return new AlipaySdk({ ...config, alipayPublicKey: merchant.alipay_public_key_pem });
  const { app, alipay, root } = merchant.certificates;
  const client = new AlipaySdk({
    ...config, appCertContent: app.pem, alipayPublicCertContent: alipay.pem, alipayRootCertContent: root.pem,
  });
  assert.deepEqual([client.config.appCertSn, client.config.alipayRootCertSn], [app.sn, root.sn], 'serial numbers');
  return client;
}

const merchant = await control('POST', '/merchants', { key_mode: keyMode });
const [server, notifyUrl] = await listen();
const client = makeClient(merchant);
const verified = { validateSign: true };
const call = (method, bizContent, extra) => client.exec(method, { bizContent, ...extra }, verified);
done('keys');

const order = (outTradeNo, totalAmount) => ({ outTradeNo, totalAmount, subject: SUBJECT });
const string = client.sdkExecute('alipay.trade.app.pay', { bizContent: order('APPORDER1', '88.88'), notifyUrl });
const result = await control('POST', '/invoke', { order_string: string });
assert.equal(result.resultStatus, '9000');
const synchronous = JSON.parse(result.result);
client.checkResponseSign(result.result.replace(/,"sign_type":"RSA2"}$/, '}'), 'alipay_trade_app_pay_response',
  synchronous.sign, '');
done('app');

const told = await notification(client);
assert.deepEqual([told.trade_status, told.total_amount, told.subject], ['TRADE_SUCCESS', '88.88', SUBJECT]);
const found = await call('alipay.trade.query', { outTradeNo: 'APPORDER1' });
assert.equal(found.tradeNo, told.trade_no);
done('notification');

const pageContent = { ...order('PAGEORDER1', '1.00'), productCode: 'FAST_INSTANT_TRADE_PAY' };
const page = client.pageExecute('alipay.trade.page.pay', 'GET', {
  bizContent: pageContent, notifyUrl, returnUrl: 'http://127.0.0.1:9/back',
});
const visit = await fetch(page, { redirect: 'manual' });
assert.equal(visit.status, 302, await visit.clone().text());
const form = client.pageExecute('alipay.trade.page.pay', 'POST', { bizContent: pageContent, notifyUrl });
const action = form.match(/action="([^"]*)"/)[1].replaceAll('&amp;', '&');
const inputs = [...form.matchAll(/name="(\w+)" value="([^"]*)"/g)];
const fields = inputs.map(([, name, value]) => [name, value.replaceAll('&quot;', '"')]);
const posted = await fetch(action, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) });
assert.equal(posted.status, 302, 'the same order by a form');
const cashier = new URL(posted.headers.get('location'), gatewayUrl);
await fetch(cashier, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ action: 'pay' }) });
assert.equal((await notification(client)).out_trade_no, 'PAGEORDER1');
done('browser');

const made = await call('alipay.trade.precreate', order('QRORDER1', '5.00'), { notifyUrl });
assert.match(made.qrCode, /^https:\/\/qr\.alipay\.com\/bax/);
assert.equal((await call('alipay.trade.query', { outTradeNo: 'QRORDER1' })).subCode, 'ACQ.TRADE_NOT_EXIST');
await control('POST', `/merchants/${merchant.app_id}/orders/QRORDER1/open-cashier`);
assert.equal((await call('alipay.trade.close', { outTradeNo: 'QRORDER1' })).code, '10000');
assert.equal((await call('alipay.trade.query', { outTradeNo: 'QRORDER1' })).tradeStatus, 'TRADE_CLOSED');
done('face to face');

const refund = { outTradeNo: 'APPORDER1', outRequestNo: 'R1', refundAmount: '8.88' };
const first = await call('alipay.trade.refund', refund);
const again = await call('alipay.trade.refund', refund);
assert.deepEqual([first.fundChange, again.fundChange, again.refundFee], ['Y', 'N', '8.88']);
assert.equal((await notification(client)).out_biz_no, 'R1');
done('refund');

// The client cannot verify encrypted nodes, but it encrypts and decrypts.
const secret = await client.exec('alipay.trade.query', { bizContent: { outTradeNo: 'APPORDER1' }, needEncrypt: true });
assert.equal(secret.tradeStatus, 'TRADE_SUCCESS');
done('aes');

const v3 = await client.curl('POST', '/v3/alipay/trade/query', { body: { out_trade_no: 'APPORDER1' } });
assert.deepEqual([v3.responseHttpStatus, v3.data.trade_status], [200, 'TRADE_SUCCESS']);
const secretV3 = await client.curl('POST', '/v3/alipay/trade/query', {
  body: { out_trade_no: 'APPORDER1' }, needEncrypt: true,
});
assert.equal(secretV3.data.trade_no, v3.data.trade_no);
await assert.rejects(client.curl('POST', '/v3/alipay/trade/query', { body: { out_trade_no: 'NOTHING' } }),
  (error) => error.code === 'ACQ.TRADE_NOT_EXIST' && error.responseHttpStatus === 400);
done('v3');
server.close();
