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

/// Processor time that a process and all that descend from it have used, those that have ended included as far as their parent
/// waited. Descent tells who belongs together and the process group does not: PostgreSQL gives each session a group of its own.
pub(crate) fn processor_time_of_tree(root: u32) -> Option<Duration> {
    let mut processes = Vec::new();
    for entry in fs::read_dir("/proc").ok()? {
        let Ok(entry) = entry else { continue };
        let Some(process_id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // Gone since the folder was listed.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent = fields(&stat)?.get(1)?.parse::<u32>().ok()?;
        processes.push((process_id, parent, ticks_with_children(&stat)?));
    }
    let mut sum = Duration::ZERO;
    let mut waiting = vec![root];
    while let Some(current) = waiting.pop() {
        sum += processes
            .iter()
            .filter(|process| process.0 == current)
            .map(|process| process.2)
            .sum::<Duration>();
        waiting.extend(processes.iter().filter(|process| process.1 == current).map(|process| process.0));
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

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// As PostgreSQL's sessions do.
    #[test]
    fn a_descendant_that_has_left_the_process_group_counts() {
        let busy = "setsid sh -c 'i=0; while [ $i -lt 1000000 ]; do i=$((i + 1)); done' & wait";
        let mut parent = Command::new("sh").args(["-c", busy]).stdin(Stdio::null()).spawn().unwrap();
        let enough = Duration::from_millis(50);
        while processor_time_of_tree(parent.id()).unwrap() < enough {
            assert!(parent.try_wait().unwrap().is_none(), "it ended before it was seen to work");
        }
        parent.wait().unwrap();
    }
}
