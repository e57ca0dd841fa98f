//! Proof of being human.

use std::sync::Arc;
use std::time::Duration;

use ges_core::port;
use ges_upstream::captcha::{CaptchaSecrets, SiteVerify};
use ges_upstream::client::HttpClient;
use hyper::Uri;

use crate::keys::{Key, Reader, Url, Whole};

const URL: Key = Key::new(
    "captcha.url",
    "https://www.google.com/recaptcha/api/siteverify",
    "Who verifies CAPTCHA tokens.",
);
const TIMEOUT: Key = Key::new("captcha.timeout_ms", "3000", "Milliseconds until a verification is given up.");

pub(crate) const KEYS: &[&Key] = &[&URL, &TIMEOUT];

/// Who verifies.
#[derive(Clone, Debug)]
pub struct Captcha {
    url: Uri,
    timeout: Duration,
}

impl Captcha {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Captcha> {
        let (url, timeout) = (reader.read::<Url>(&URL), reader.read::<Whole<100, 8_000>>(&TIMEOUT));
        Some(Captcha { url: url?.0, timeout: Duration::from_millis(timeout?.0) })
    }

    pub(crate) fn build(
        &self,
        client: &HttpClient,
        secrets: Arc<dyn CaptchaSecrets>,
    ) -> Arc<dyn port::Captcha> {
        Arc::new(SiteVerify::new(client.clone(), self.url.clone(), self.timeout, secrets))
    }
}
