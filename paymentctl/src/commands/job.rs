//! `job`: what is due, and one look by hand.

use payment_proto::v1::{Job, JobRun, ListJobsRequest, RunJobRequest};

use super::Session;
use crate::{
    arguments::JobCommand,
    failure::Failure,
    table::{Table, instant, text},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: JobCommand) -> Result<(), Failure> {
    let mut client = session.operators();
    match wanted {
        JobCommand::List => {
            let answer = client.list_jobs(ListJobsRequest {}).await?.into_inner();
            session.terminal.show("ListJobsResponse", &answer, |page| list(page, &answer.jobs))
        }
        JobCommand::Run { name } => {
            let answer = client.run_job(RunJobRequest { name }).await?.into_inner();
            session.terminal.show("RunJobResponse", &answer, |page| page.line(&looked(answer.run.as_ref())))
        }
    }
}

fn list(page: &mut Page, jobs: &[Job]) {
    let mut table = Table::new(&["job", "due", "due since", "last look here", "what it did"]);
    for job in jobs {
        table.row([
            job.name.clone(),
            job.due_rows.to_string(),
            instant(job.oldest_due_time.as_ref()),
            instant(job.last_run.as_ref().and_then(|run| run.time.as_ref())),
            looked(job.last_run.as_ref()),
        ]);
    }
    page.table(table, "There are no jobs.");
}

fn looked(run: Option<&JobRun>) -> String {
    match run {
        None => text(""),
        Some(run) if !run.looked => "could not look: the log says why".to_owned(),
        Some(run) => format!(
            "{} due, {} answered, {} unanswered, {} failed",
            run.claimed, run.answered, run.unanswered, run.failed
        ),
    }
}
