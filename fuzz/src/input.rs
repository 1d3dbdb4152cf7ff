//! How a fuzzer's bytes stand for more than one thing, so that seeds stay readable.

use payment_core::gateway::RawCallback;

/// Between texts of one input: no JSON and no PEM holds it.
const SEPARATOR: u8 = 0x1e;

/// The texts of an input.
pub(crate) fn texts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == SEPARATOR)
}

/// Texts as one input.
pub(crate) fn joined(texts: &[&str]) -> Vec<u8> {
    texts.join("\u{1e}").into_bytes()
}

/// The first line and what comes behind it.
pub(crate) fn line(data: &[u8]) -> Option<(&str, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&data[..end]).ok()?, &data[end + 1..]))
}

/// A callback as it would stand in HTTP without its first line: headers, an empty line, the body.
pub(crate) fn callback(data: &[u8]) -> RawCallback {
    let mut headers = Vec::new();
    let mut rest = data;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, behind) = (&rest[..end], &rest[end + 1..]);
        rest = behind;
        let Some(colon) = line.windows(2).position(|pair| pair == b": ") else { break };
        let name = String::from_utf8_lossy(&line[..colon]).to_lowercase();
        headers.push((name, line[colon + 2..].to_vec()));
    }
    post(headers, rest.to_vec())
}

/// A callback that came with these headers and this body.
pub(crate) fn post(headers: Vec<(String, Vec<u8>)>, body: Vec<u8>) -> RawCallback {
    RawCallback { method: "POST".to_owned(), target: "/".to_owned(), headers, body }
}

/// The input that stands for a callback.
pub(crate) fn of_callback(callback: &RawCallback) -> Vec<u8> {
    let mut input = Vec::new();
    for (name, value) in &callback.headers {
        input.extend([name.as_bytes(), b": ", value, b"\n"].concat());
    }
    [input.as_slice(), b"\n", &callback.body].concat()
}
