//! Signed callbacks with something changed in them: each bit, and any number of changes by chance.

use payment_core::gateway::RawCallback;
use rand::{Rng as _, rngs::StdRng};

/// How many bits there are in the body and the values of the headers.
#[must_use]
pub fn bits(callback: &RawCallback) -> usize {
    parts(callback).map(|part| part.len() * 8).sum()
}

/// The callback with one of its bits turned, counted through the values of its headers and then its body.
#[must_use]
pub fn with_bit_turned(callback: &RawCallback, mut bit: usize) -> RawCallback {
    let mut turned = callback.clone();
    for part in parts_mut(&mut turned) {
        if bit < part.len() * 8 {
            part[bit / 8] ^= 1 << (bit % 8);
            break;
        }
        bit -= part.len() * 8;
    }
    turned
}

fn parts(callback: &RawCallback) -> impl Iterator<Item = &Vec<u8>> {
    callback.headers.iter().map(|(_, value)| value).chain([&callback.body])
}

fn parts_mut(callback: &mut RawCallback) -> impl Iterator<Item = &mut Vec<u8>> {
    callback.headers.iter_mut().map(|(_, value)| value).chain([&mut callback.body])
}

/// The callback with one to three things changed in it, some of them taken from `other`.
#[must_use]
pub fn changed(chance: &mut StdRng, callback: &RawCallback, other: &RawCallback) -> RawCallback {
    let mut changed = callback.clone();
    for _ in 0..chance.random_range(1..=3) {
        change(chance, &mut changed, other);
    }
    changed
}

fn change(chance: &mut StdRng, callback: &mut RawCallback, other: &RawCallback) {
    let headers = callback.headers.len();
    match chance.random_range(0..10) {
        0 if headers > 1 => drop(callback.headers.remove(chance.random_range(0..headers))),
        1 if headers > 0 => {
            let again = callback.headers[chance.random_range(0..headers)].clone();
            callback.headers.push(again);
        }
        2 => {
            let number = parts(callback).count().min(parts(other).count());
            let place = chance.random_range(0..number);
            let foreign = parts(other).nth(place).cloned().unwrap_or_default();
            if let Some(part) = parts_mut(callback).nth(place) {
                *part = foreign;
            }
        }
        _ => {
            // The body is where the money stands, so it gets half of the changes.
            let place = if chance.random_bool(0.5) { headers } else { chance.random_range(0..=headers) };
            if let Some(part) = parts_mut(callback).nth(place) {
                spoil(chance, part);
            }
        }
    }
}

fn spoil(chance: &mut StdRng, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        bytes.push(chance.random());
        return;
    }
    let at = chance.random_range(0..bytes.len());
    match chance.random_range(0..7) {
        0 => bytes[at] ^= 1 << chance.random_range(0..8),
        1 => bytes[at] = chance.random(),
        // Digits for digits: amounts, numbers and times that still look right.
        2 => bytes[at] = b'0' + chance.random_range(0..10),
        3 => drop(bytes.remove(at)),
        4 => bytes.insert(at, chance.random()),
        5 => bytes.truncate(at),
        _ => {
            let end = chance.random_range(at..=bytes.len());
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
    }
}
