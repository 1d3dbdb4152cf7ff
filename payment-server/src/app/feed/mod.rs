//! What callers are told (R27): listed from a cursor, and followed as it becomes true.

mod consume;
mod follow;
mod keep;
mod tails;

use payment_store::{FeedQuery, FeedReach};

pub use consume::{Delivery, consume};
pub use keep::{FeedSettings, keep_feeds};
pub(crate) use tails::Tails;

use super::{
    App,
    command::{Caller, EventPage, ListEvents},
    error::AppError,
};

/// How many events one call looks at where a filter may leave all of them out.
const SCAN: u16 = 500;

impl App {
    /// One page of events, oldest first.
    ///
    /// # Errors
    /// [`AppError::CursorExpired`], [`AppError::CursorAhead`], [`AppError::StoreUnavailable`].
    pub async fn list_events(&self, caller: &Caller, list: &ListEvents) -> Result<EventPage, AppError> {
        // One more than asked for tells whether there are more.
        let limit = if list.filter.kinds.is_empty() { list.page_size.saturating_add(1) } else { SCAN };
        let query = FeedQuery {
            merchant_id: caller.merchant_id.clone(),
            after: list.after.unwrap_or(0),
            payment_no: list.filter.payment_no.as_ref().map(ToString::to_string),
            limit,
        };
        let window = self.store.feed_window(&query).await?;
        if let Some(after) = list.after {
            check(after, window.reach)?;
        }
        let scanned_all = window.events.len() < usize::from(limit);
        let mut page = EventPage { events: Vec::new(), reached: query.after, more: !scanned_all };
        for event in window.events {
            if page.events.len() >= usize::from(list.page_size) {
                return Ok(EventPage { more: true, ..page });
            }
            page.reached = event.feed_no;
            if list.filter.passes(&event) {
                page.events.push(event);
            }
        }
        if scanned_all {
            page.reached = window.reach.last_no;
        }
        Ok(page)
    }
}

/// Whether everything after a number is still there, and the number was ever reached.
fn check(after: i64, reach: FeedReach) -> Result<(), AppError> {
    if after < reach.trimmed_no {
        Err(AppError::CursorExpired)
    } else if after > reach.last_no {
        Err(AppError::CursorAhead)
    } else {
        Ok(())
    }
}
