//! Lines of the log that name the trace that they are a part of, so that log and spans are read side by side.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::traces;

/// A format whose lines name the trace too, wherever there is one.
pub(super) struct TraceNamed<F> {
    format: F,
    place: Place,
}

/// Where in a line the trace stands.
enum Place {
    FirstMember,
    End,
}

impl<F> TraceNamed<F> {
    /// For a format whose lines are JSON objects.
    pub(super) const fn as_first_member(format: F) -> Self {
        Self { format, place: Place::FirstMember }
    }

    /// For a format whose lines end in `name=value`.
    pub(super) const fn at_the_end(format: F) -> Self {
        Self { format, place: Place::End }
    }
}

impl<S, N, F> FormatEvent<S, N> for TraceNamed<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(trace_id) = traces::current_trace() else {
            return self.format.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.format.format_event(context, Writer::new(&mut line), event)?;
        match (&self.place, line.strip_prefix('{')) {
            (Place::FirstMember, Some(members)) => write!(writer, "{{\"trace_id\":\"{trace_id}\",{members}"),
            (Place::FirstMember, None) => writer.write_str(&line),
            (Place::End, _) => writeln!(writer, "{} trace_id={trace_id}", line.trim_end()),
        }
    }
}
