//! Whose request it is ([engagement-api-v3 §1.3, §1.4](ges_core::rules); [callback-domain §12](ges_core::rules)).

use ges_core::port::Identity;
use ges_core::{CallbackId, TenantId};
use hmac::{Hmac, KeyInit, Mac};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::face::Face;
use crate::problem::Problem;

/// Carries the API key.
pub const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Names the tenant inside the deployment.
pub const CCID: HeaderName = HeaderName::from_static("ccid");
/// The same under its longer name, which the GMS-compatible API uses.
pub const CONTACT_CENTER_ID: HeaderName = HeaderName::from_static("contactcenterid");

/// What a route demands of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: health and metrics.
    Open,
    /// An API key; inside, `ccid` or `ContactCenterID` will do. 401 otherwise.
    Tenant,
    /// The header `ContactCenterId`, as the GMS-compatible API has it; 400 otherwise. An API key will do too.
    ContactCenter,
    /// As [`Access::ContactCenter`], or a write-back token for the path's `{id}`. 401 for a wrong token.
    Session,
}

/// Blanks the tenant headers of a request from the street; tells whether there were any.
pub(super) fn blank_tenant_headers(headers: &mut HeaderMap) -> bool {
    let ccid = headers.remove(CCID).is_some();
    let long = headers.remove(CONTACT_CENTER_ID).is_some();
    ccid || long
}

/// Establishes the tenant of a request.
pub(super) async fn admit(
    access: Access,
    face: Face,
    headers: &HeaderMap,
    params: &[(String, String)],
    identity: &dyn Identity,
    keys: Option<&WriteBackKeys>,
) -> Result<Option<TenantId>, Problem> {
    match access {
        Access::Open => Ok(None),
        Access::Tenant => by_key(face, headers, identity).await.map(Some),
        Access::ContactCenter => by_contact_center(face, headers, identity).await.map(Some),
        Access::Session => match bearer(headers) {
            None => by_contact_center(face, headers, identity).await.map(Some),
            Some(token) => {
                let id = params.iter().find(|(name, _)| name == "id").and_then(|(_, id)| id.parse().ok());
                let tenant = id.zip(keys).and_then(|(id, keys)| keys.tenant_of(token, id));
                let refused = || {
                    let message = "the write-back token is not one for this callback";
                    Problem::refused_credentials("WRITE_BACK_TOKEN", message)
                };
                tenant.map(Some).ok_or_else(refused)
            }
        },
    }
}

async fn by_key(face: Face, headers: &HeaderMap, identity: &dyn Identity) -> Result<TenantId, Problem> {
    let key = single(headers, &API_KEY)?.filter(|key| !key.is_empty());
    let named = match face {
        Face::External => None,
        Face::Internal => named_tenant(headers)?,
    };
    let Some(key) = key else {
        let named = named.ok_or_else(Problem::unauthorized)?;
        return if identity.exists(&named).await? { Ok(named) } else { Err(Problem::unauthorized()) };
    };
    let owner = identity.tenant_of(key).await?.ok_or_else(Problem::unauthorized)?;
    match named {
        Some(named) if named != owner => Err(Problem::unauthorized()),
        _ => Ok(owner),
    }
}

async fn by_contact_center(
    face: Face,
    headers: &HeaderMap,
    identity: &dyn Identity,
) -> Result<TenantId, Problem> {
    let unknown = || {
        Problem::bad_request(
            "CONTACT_CENTER_ID",
            "the header ContactCenterId must name a known contact centre",
        )
    };
    // A route of this kind belongs on the internal listener only; should it ever stand on the other, nobody gets in.
    if face == Face::External {
        return Err(unknown());
    }
    if headers.contains_key(API_KEY) {
        return by_key(face, headers, identity).await;
    }
    let named = named_tenant(headers).map_err(|_| unknown())?.ok_or_else(unknown)?;
    if identity.exists(&named).await? { Ok(named) } else { Err(unknown()) }
}

/// The tenant the headers name; contradicting headers name nobody.
fn named_tenant(headers: &HeaderMap) -> Result<Option<TenantId>, Problem> {
    let short = single(headers, &CCID)?.map(str::trim).filter(|text| !text.is_empty());
    let long = single(headers, &CONTACT_CENTER_ID)?.map(str::trim).filter(|text| !text.is_empty());
    match (short, long) {
        (Some(short), Some(long)) if short != long => Err(Problem::unauthorized()),
        (short, long) => Ok(short.or(long).map(TenantId::from)),
    }
}

/// A header that may stand at most once; repeated ones could mean different things to a proxy and to us.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::unauthorized());
    }
    let Some(first) = first else { return Ok(None) };
    std::str::from_utf8(first.as_bytes()).map(Some).map_err(|_| Problem::unauthorized())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Mints and checks write-back tokens. A token belongs to one callback of one tenant; nothing is stored, because the
/// token is an HMAC-SHA-256 over both.
pub struct WriteBackKeys {
    secret: SecretString,
}

impl WriteBackKeys {
    /// Tokens under this secret; another secret makes every earlier token worthless.
    pub fn new(secret: SecretString) -> Self {
        WriteBackKeys { secret }
    }

    /// The token a session needs to report on this callback: `<tenant in hex>.<hmac in hex>`.
    pub fn token(&self, tenant: &TenantId, id: CallbackId) -> String {
        format!("{}.{}", hex(tenant.as_str().as_bytes()), hex(&self.mac(tenant, id)))
    }

    /// The tenant of a token, if the token was minted for this callback.
    pub fn tenant_of(&self, token: &str, id: CallbackId) -> Option<TenantId> {
        let (tenant, sent) = token.split_once('.')?;
        let tenant = TenantId::from(String::from_utf8(unhex(tenant)?).ok()?);
        let right = self.mac(&tenant, id);
        let equal: bool = right.as_slice().ct_eq(&unhex(sent)?).into();
        equal.then_some(tenant)
    }

    fn mac(&self, tenant: &TenantId, id: CallbackId) -> [u8; 32] {
        // The fixed-length id stands first, so that no two (tenant, id) pairs share a text.
        sign(&self.secret, &[b"write-back\0", id.0.as_bytes(), tenant.as_str().as_bytes()])
    }
}

/// HMAC-SHA-256 of the concatenated parts.
fn sign(secret: &SecretString, parts: &[&[u8]]) -> [u8; 32] {
    // Cannot fail: HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of a text of hexadecimal digits; `None` for any other text.
fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}
