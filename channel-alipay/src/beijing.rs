//! Alipay's clock texts: GMT+8 without saying so, whatever zone this machine has. China has no summer time.

use time::{
    OffsetDateTime, PrimitiveDateTime, UtcOffset,
    format_description::BorrowedFormatItem,
    macros::{format_description, offset},
};

const GMT8: UtcOffset = offset!(+8);

const FORM: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// `2026-03-01 12:30:45`, in whole seconds. `None` only beyond the year 9999.
pub(crate) fn write(instant: OffsetDateTime) -> Option<String> {
    instant.checked_to_offset(GMT8)?.format(FORM).ok().filter(|text| text.len() == 19)
}

/// Reads the same, with at most three digits of fraction, as `gmt_refund` has them. Any other text is no time: money is
/// not refused over a date.
pub(crate) fn read(text: &str) -> Option<OffsetDateTime> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let milliseconds = match fraction.len() {
        1..=3 if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{fraction:0<3}").parse().ok()?
        }
        _ => return None,
    };
    let local = PrimitiveDateTime::parse(seconds, FORM).ok()?;
    Some(local.replace_millisecond(milliseconds).ok()?.assume_offset(GMT8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn section_5_1_times_are_gmt8_whatever_zone_the_instant_comes_in() {
        let expected = Some("2026-03-01 00:30:45".to_owned());
        assert_eq!(write(datetime!(2026-02-28 16:30:45.9 UTC)), expected);
        assert_eq!(write(datetime!(2026-02-28 11:30:45 -5)), expected);
        assert_eq!(read("2026-03-01 00:30:45"), Some(datetime!(2026-02-28 16:30:45 UTC)));
    }

    #[test]
    fn section_8_3_refund_times_have_none_to_three_digits_of_fraction() {
        let second = datetime!(2026-03-01 15:31:10 +8);
        assert_eq!(read("2026-03-01 15:31:10.421"), Some(second + time::Duration::milliseconds(421)));
        assert_eq!(read("2026-03-01 15:31:10.4"), Some(second + time::Duration::milliseconds(400)));
        for wrong in [
            "",
            "2026-03-01",
            "2026-03-01T15:31:10",
            "2026-03-01 15:31:10.",
            "2026-03-01 15:31:10.4210",
            "2026-03-01 15:31:10.+1",
            "2026-03-01 25:31:10",
            "x",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
