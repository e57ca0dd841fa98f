//! Windows that nodes count together, and what is left of them while they cannot.

use super::*;

fn another(counting: &dyn Counting) -> Result<Arc<dyn RateWindows>, Missing> {
    counting.another().ok_or(Missing::Another)
}

pub async fn two_nodes_count_together(counting: &dyn Counting) -> Outcome {
    let (one, other, now) = (counting.windows(), another(counting)?, counting.now());
    let asked = [service("sales", 3), value("1", 3, now + HOUR)];
    assert!(take(&*one, &asked, now).await);
    assert!(take(&*other, &asked, now).await);
    assert_eq!(room(&*one, &asked, now).await, 1);
    let exceeded = other.reserve(&asked[..1], now).await.expect_err("it is full for everybody");
    assert_eq!(exceeded.retry_after, HOUR, "since the first of them");
    Ok(())
}

pub async fn of_many_at_once_through_two_nodes_as_many_as_the_limit_are_taken(
    counting: &dyn Counting,
) -> Outcome {
    let nodes = [counting.windows(), another(counting)?];
    assert_eq!(rush(counting, &nodes).await, [1; RUSHES]);
    Ok(())
}

pub async fn what_one_node_gives_back_another_can_take(counting: &dyn Counting) -> Outcome {
    let (one, other, now) = (counting.windows(), another(counting)?, counting.now());
    let asked = [service("sales", 1)];
    let taken = one.reserve(&asked, now).await.expect("room");
    assert!(!take(&*other, &asked, now).await);
    drop(taken);
    assert!(at_last(&*other, &asked, now).await, "it does not come back");
    assert!(!take(&*one, &asked, now).await);
    Ok(())
}

pub async fn no_request_fails_while_nothing_is_shared(counting: &dyn Counting) -> Outcome {
    let (windows, now) = (counting.windows(), counting.now());
    assert!(take(&*windows, &[service("sales", 9)], now).await, "while all is well");
    if !counting.cut_off().await {
        return Err(Missing::CutOff);
    }
    assert!(take(&*windows, &[service("sales", 9)], now).await);
    Ok(())
}

pub async fn a_node_that_is_cut_off_counts_by_itself(counting: &dyn Counting) -> Outcome {
    if !counting.cut_off().await {
        return Err(Missing::CutOff);
    }
    let (windows, now, asked) = (counting.windows(), counting.now(), [service("sales", 2)]);
    drop(windows.reserve(&asked, now).await.expect("room"));
    assert_eq!(room(&*windows, &asked, now).await, 2, "a limit is a limit");
    Ok(())
}
