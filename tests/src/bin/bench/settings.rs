//! The tenant that is measured.

/// Its id.
pub const TENANT: &str = "9350e2fc-a1dd-4c65-8d40-1f75a2e080dd";
/// Its key; the settings hold its hash.
pub const KEY: &str = "bench-api-key-0123456789abcdef";
/// The path of the API.
pub const V3: &str = "/engagement/v3";

/// Two services, open around the clock: `Load` books 101 in each quarter of an hour (the sizing example of
/// callback-domain §18 with one place left), `Burst` as many as one likes, handed over at the desired time itself.
pub const SETTINGS: &str = r#"
[tenants."9350e2fc-a1dd-4c65-8d40-1f75a2e080dd"]
name = "Bench"
identity.api_keys_sha256 = ["0dd15cfc56b2789ca4f60b16f8e338df1db7801849d429ccc8d819fbe627ba49"]

[tenants."9350e2fc-a1dd-4c65-8d40-1f75a2e080dd".services.Load]
scheduled = true
interval_minutes = 15
capacity = 101

[tenants."9350e2fc-a1dd-4c65-8d40-1f75a2e080dd".services.Burst]
scheduled = true
interval_minutes = 5
capacity = 1000000
submit_early = "off"
submit_buffer_seconds = 0
"#;
