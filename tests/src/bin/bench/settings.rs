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

/// The same tenant on a cluster, with two services more: `Sizing` is the guide's example of a wait of 90 minutes, told as
/// the lead with which scheduled callbacks are handed over; `Now` takes immediate callbacks and counts each in every window
/// there is, none of which is ever full.
pub fn cluster() -> String {
    const PLENTY: &str = "immediate = true
require_logged_in = false
duplicate_check = \"false\"
active_max = 4000000000
daily_max = 4000000000
window_1_accepted = 4000000000
window_2_accepted = 4000000000
";
    format!(
        r#"{SETTINGS}
[tenants."{TENANT}".services.Sizing]
scheduled = true
interval_minutes = 15
capacity = 101
submit_early = "buffer_only"
submit_buffer_seconds = 5400
{PLENTY}
[tenants."{TENANT}".services.Now]
{PLENTY}"#
    )
}

/// So many tenants, the first of which is the one above.
pub fn tenants(count: usize) -> String {
    (1..count).fold(cluster(), |text, of| {
        let id = tenant(of);
        text + &format!(
            "\n[tenants.\"{id}\".services.Load]\nscheduled = true\ninterval_minutes = 15\ncapacity = 101\n"
        )
    })
}

/// The id of one of several.
pub fn tenant(of: usize) -> String {
    if of == 0 { TENANT.to_owned() } else { format!("tenant-{of}") }
}
