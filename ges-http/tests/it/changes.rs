//! What becomes of work whose caller hangs up, and how an end waits for it.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use ges_http::Face;
use http::Method;
use http_body_util::Full;

use crate::fixture::{World, request, world};

/// Far more than any of this takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for work and hangs up once it has begun.
async fn hang_up(world: &World, method: Method) {
    let ask = request(method, "/works").body(Full::<Bytes>::default()).unwrap();
    let mut asked = Box::pin(world.service.handle(ask));
    tokio::select! {
        _ = &mut asked => panic!("nobody told the work to go on"),
        () = world.work.begun.notified() => {}
    }
}

/// The table says what changes something, not the method: here it is a GET.
#[tokio::test]
async fn a_caller_that_hangs_up_ends_the_waiting_and_not_the_work() {
    let world = world(Face::Internal);
    for _ in 0..3 {
        hang_up(&world, Method::GET).await;
        assert_eq!(world.api.under_way(), 1);
        world.work.go_on.notify_one();
        tokio::time::timeout(PATIENCE, world.work.done.notified()).await.expect("it is done");
    }
    assert!(world.heard.answered.lock().unwrap().is_empty(), "nobody was there to be answered");
}

#[tokio::test]
async fn what_only_reads_ends_with_its_caller() {
    let world = world(Face::Internal);
    hang_up(&world, Method::POST).await;
    tokio::time::timeout(PATIENCE, world.work.dropped.notified()).await.expect("it was dropped");
    assert_eq!(world.api.under_way(), 0);
}

#[tokio::test]
async fn an_end_waits_for_changes_whose_caller_is_gone() {
    let world = world(Face::Internal);
    hang_up(&world, Method::GET).await;
    hang_up(&world, Method::GET).await;
    let mut drained = Box::pin(world.api.drained());
    assert!(drained.as_mut().now_or_never().is_none(), "two are under way");
    world.work.go_on.notify_one();
    world.work.done.notified().await;
    assert!(drained.as_mut().now_or_never().is_none(), "one is under way");
    world.work.go_on.notify_one();
    tokio::time::timeout(PATIENCE, drained).await.expect("none is under way");
    assert_eq!(world.api.under_way(), 0);
}

#[tokio::test]
async fn a_change_that_panics_is_over() {
    let world = world(Face::Internal);
    let ask = request(Method::POST, "/panics/too").body(Full::default()).unwrap();
    assert_eq!(world.send(ask).await.status, 500);
    tokio::time::timeout(PATIENCE, world.api.drained()).await.expect("none is under way");
}
