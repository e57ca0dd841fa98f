//! The health question.

use super::StoreUnderTest;

pub async fn a_working_store_says_so(under: &dyn StoreUnderTest) {
    let stores = under.fresh().await;
    stores.callbacks.check().await.expect("a fresh store works");
}
