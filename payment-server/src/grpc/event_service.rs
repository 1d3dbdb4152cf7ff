//! `EventService`: decode, use case, encode.

use std::sync::Arc;

use futures::{StreamExt as _, stream::BoxStream};
use payment_proto::v1::{self, event_service_server::EventService};
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert,
    status::{self, EdgeRefusal},
    stream_limits::{LONGEST_STREAM, StreamLimits, limited},
};
use crate::app::{App, command::Caller};

/// What the caller's merchant is told.
pub(super) struct Events {
    app: Arc<App>,
    draining: CancellationToken,
    streams: Arc<Semaphore>,
}

impl Events {
    /// At most `max_streams` streams at a time, which end once `draining` is cancelled.
    pub(super) fn new(app: Arc<App>, draining: CancellationToken, max_streams: usize) -> Self {
        Self { app, draining, streams: Arc::new(Semaphore::new(max_streams)) }
    }
}

#[tonic::async_trait]
impl EventService for Events {
    type StreamEventsStream = BoxStream<'static, Result<v1::StreamEventsResponse, Status>>;

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        let (call, request) = Call::<Caller>::of(request)?;
        let merchant_id = &call.caller.merchant_id;
        let use_case = async {
            let list = convert::list_events(&call.caller, request)?;
            let page = self.app.list_events(&call.caller, &list.command).await?;
            Ok(v1::ListEventsResponse {
                next_page_token: convert::next_event_page_token(merchant_id, &list, &page),
                cursor: convert::event_cursor(merchant_id, page.reached),
                events: page.events.iter().map(convert::event).collect(),
            })
        };
        call.answer(use_case).await
    }

    async fn stream_events(
        &self,
        request: Request<v1::StreamEventsRequest>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let (call, request) = Call::<Caller>::of(request)?;
        let deadline = Instant::now() + call.granted.unwrap_or(LONGEST_STREAM).min(LONGEST_STREAM);
        let place = Arc::clone(&self.streams).try_acquire_owned();
        let place = place.map_err(|_| status::of_edge(EdgeRefusal::TooManyStreams))?;
        let use_case = async {
            let follow = convert::stream_events(&call.caller, request)?;
            self.app.follow_events(&call.caller, follow).await
        };
        let events = call.answer(use_case).await?.into_inner();
        let limits = StreamLimits { deadline, draining: self.draining.clone(), notes: call.notes };
        let merchant_id = call.caller.merchant_id;
        let answer = move |followed| {
            // The stream holds its place as long as it lives.
            let _held = &place;
            convert::followed(&merchant_id, followed)
        };
        Ok(Response::new(limited(events, limits, answer).boxed()))
    }
}
