//! What the system says about processes: memory and processor time, on Linux.

use std::{fs, time::Duration};

/// Linux counts processor time in hundredths of a second (`USER_HZ`), whatever the kernel's own clock.
const TICK: Duration = Duration::from_millis(10);

/// How busy the machine is.
pub(crate) fn load() -> String {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let average = fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned());
    format!("{} of {processors} processors", average.split(' ').next().unwrap_or_default())
}

/// Processor time that a process has used. `None` where the system does not tell.
pub(crate) fn processor_time(process_id: u32) -> Option<Duration> {
    ticks(&fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?)
}

/// Processor time that all processes of a group have used, those that have ended included as far as their parent waited.
pub(crate) fn processor_time_of_group(group: u32) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for entry in fs::read_dir("/proc").ok()? {
        let Ok(entry) = entry else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let group_of = fields(&stat).and_then(|fields| fields.get(2)?.parse::<u32>().ok());
        if group_of == Some(group) {
            sum += ticks_with_children(&stat)?;
        }
    }
    Some(sum)
}

/// Memory in KiB: what is in use now (`VmRSS`), or was at most (`VmHWM`).
pub(crate) fn memory(process_id: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The fields after the command's name, which may hold anything but ends with the last bracket: the state comes first.
fn fields(stat: &str) -> Option<Vec<&str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace().collect())
}

fn ticks(stat: &str) -> Option<Duration> {
    sum(&fields(stat)?, 11..13)
}

fn ticks_with_children(stat: &str) -> Option<Duration> {
    sum(&fields(stat)?, 11..15)
}

fn sum(fields: &[&str], range: std::ops::Range<usize>) -> Option<Duration> {
    let counted = fields.get(range)?.iter().map(|field| field.parse::<u32>().unwrap_or(0)).sum::<u32>();
    Some(TICK * counted)
}
