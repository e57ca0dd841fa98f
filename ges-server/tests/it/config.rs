//! The configuration: sources, mistakes, safety, and its documentation.

use std::collections::BTreeMap;

use ges_server::config::{Config, Key, Mistakes, Sources, is_variable, keys};

const SAMPLE: &str = include_str!("../../../docs/samples/ges-server.toml");
const CLUSTER: &str = include_str!("../../../docs/samples/ges-cluster.toml");
const DOCUMENT: &str = include_str!("../../../docs/configuration.md");

fn read_with(
    text: Option<&str>,
    environment: &[(&str, &str)],
    set: &[(&str, &str)],
) -> Result<Config, Mistakes> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Config::read(&Sources {
        file: text.map(|text| ("ges.toml".into(), text.to_owned())),
        environment: environment.iter().map(own).collect::<BTreeMap<_, _>>(),
        set: set.iter().map(own).collect(),
        read_file: &|path| match path.to_str() {
            Some("/secret") => Ok("from-a-file-0123456789\n".to_owned()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        },
    })
}

fn mistakes(text: &str) -> Vec<String> {
    read_with(Some(text), &[], &[]).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn the_sample_is_right_on_loopback() {
    let config = read_with(Some(SAMPLE), &[], &[]).unwrap();
    assert!(!config.demonstration);
    assert!(config.settings.file.is_some());
    assert_eq!(config.upstream.orchestrator.telephony.kind(), "webhook");
    assert!(!format!("{config:?}").contains("sample-w"), "secrets are not shown");
}

#[test]
fn beyond_loopback_tls_is_acknowledged_and_samples_are_refused() {
    let open = [("GES_HTTP_EXTERNAL_ADDRESS", "0.0.0.0:3005")];
    let refused = read_with(Some(SAMPLE), &open, &[]).unwrap_err().to_string();
    for part in ["http.tls_terminated = true", "write_back_secret", "webhook.secret"] {
        assert!(refused.contains(part), "{part} in {refused}");
    }
    let own = [
        ("http.tls_terminated", "true"),
        ("orchestrator.write_back_secret", "0123456789abcdef"),
        ("orchestrator.webhook.secret", "0123456789abcdef"),
    ];
    assert!(read_with(Some(SAMPLE), &open, &own).is_ok());
}

#[test]
fn without_a_file_a_demonstration_plays_on_loopback() {
    let config = read_with(None, &[], &[]).unwrap();
    assert!(config.demonstration);
    assert_eq!(config.upstream.orchestrator.telephony.kind(), "sandbox");
    assert!(read_with(None, &[], &[("http.external_address", "0.0.0.0:3005")]).is_err());
}

#[test]
fn all_mistakes_are_named_at_once_with_key_value_and_what_would_be_right() {
    let text = "
        [http]
        external_address = 'nonsense'
        answer_ms = 99999
        extrenal_body_bytes = 1
        [orchestrator]
        kind = 'webhook'
        webhook.secret = 'short'
    ";
    let mistakes = mistakes(text).join("\n");
    for part in [
        "http.external_address in ges.toml: \"nonsense\" cannot be used; expected an address",
        "http.answer_ms in ges.toml: \"99999\" cannot be used; expected a whole number from 100 to 9000",
        "http.extrenal_body_bytes: there is no such key; perhaps http.external_body_bytes is meant",
        "orchestrator.webhook.url (GES_ORCHESTRATOR_WEBHOOK_URL): it is required",
        "orchestrator.webhook.secret in ges.toml: expected at least 16 characters",
        "orchestrator.write_back_secret (GES_ORCHESTRATOR_WRITE_BACK_SECRET): it is required",
        "settings.file (GES_SETTINGS_FILE): it is required",
    ] {
        assert!(mistakes.contains(part), "{part}\nin\n{mistakes}");
    }
    assert!(!mistakes.contains("short"), "a secret is never shown");
}

#[test]
fn a_file_that_is_not_toml_is_one_clear_mistake() {
    let refused = mistakes("[http]\nexternal_address = \n");
    assert!(refused[0].contains("ges.toml: this is not TOML at line 2"), "{refused:?}");
}

#[test]
fn later_sources_win_and_secrets_come_from_files() {
    let config = |environment: &[(&str, &str)], set: &[(&str, &str)]| {
        read_with(Some(SAMPLE), environment, set).unwrap()
    };
    let address = |config: Config| config.http.external.port();
    assert_eq!(address(config(&[], &[])), 3005);
    let environment = [("GES_HTTP_EXTERNAL_ADDRESS", "127.0.0.1:1")];
    assert_eq!(address(config(&environment, &[])), 1);
    assert_eq!(address(config(&environment, &[("http.external_address", "127.0.0.1:2")])), 2);
    assert!(read_with(Some(SAMPLE), &[("GES_ORCHESTRATOR_WEBHOOK_SECRET_FILE", "/secret")], &[]).is_ok());
    let refused =
        read_with(Some(SAMPLE), &[("GES_ORCHESTRATOR_WEBHOOK_SECRET_FILE", "/none")], &[]).unwrap_err();
    assert!(refused.to_string().contains("cannot be read"), "{refused}");
}

#[test]
fn the_cluster_sample_is_right_on_loopback_and_shows_no_secret() {
    let config = read_with(Some(CLUSTER), &[], &[]).unwrap();
    assert_eq!(config.storage.kind(), "postgres");
    assert!(config.redis.is_some());
    assert!(!format!("{config:?}").contains("sample-"), "secrets are not shown");
    let open = [("GES_HTTP_EXTERNAL_ADDRESS", "0.0.0.0:3005")];
    let refused = read_with(Some(CLUSTER), &open, &[]).unwrap_err().to_string();
    for secret in ["redis.secret", "storage.postgres.password"] {
        assert!(refused.contains(&format!("{secret}: this secret is that of a sample")), "{refused}");
    }
}

#[test]
fn a_cluster_is_configured_by_parts_or_by_an_address() {
    let voice = [
        ("storage.kind", "postgres"),
        ("storage.postgres.hosts", "db-1:5433, [::1]"),
        ("storage.postgres.ca_file", "/ca.pem"),
        ("redis.mode", "sentinel"),
        ("redis.nodes", "one,two:1"),
        ("redis.secret", "0123456789abcdef"),
        ("orchestrator.kind", "ors"),
        ("orchestrator.ors.redis.mode", "cluster"),
        ("orchestrator.ors.redis.tls", "true"),
        ("orchestrator.ors.fields", "callbackId=id, phoneNumber=ani"),
        ("orchestrator.ors.urls", "west=http://ors-1:9098/,http://ors-2:9098"),
        ("orchestrator.ors.regions", "west, east"),
    ];
    // As the original's deployments name and shape them.
    let environment = [
        ("GES_URL", "http://ges.internal:3050"),
        (
            "voice_redis_ors_stream",
            r#"{"password":"voice-secret","port":"10000","rejectUnauthorized":"false","servername":"voice"}"#,
        ),
    ];
    assert!(environment.iter().all(|(name, _)| is_variable(name)) && is_variable("REDIS-CACHEKEY_FILE"));
    assert!(!is_variable("PATH"));
    let config = read_with(Some(SAMPLE), &environment, &voice).unwrap();
    let told = |what: &dyn std::fmt::Debug, parts: &[&str]| {
        let text = format!("{what:?}");
        for part in parts {
            assert!(text.contains(part), "{part} in {text}");
        }
    };
    told(&config.storage, &[r#"Tcp("db-1"), Tcp("::1")"#, "[5433, 5432]", r#"Authority("/ca.pem")"#]);
    told(&config.redis, &[r#""one", port: 26379"#, r#""two", port: 1 "#, "Sentinel"]);
    let ors = [
        r#"Cluster([Address { host: "127.0.0.1", port: 10000 }])"#,
        "reject_unauthorized: false",
        r#"server_name: Some("voice")"#,
        "password: Some(",
        r#""phoneNumber": "ani""#,
        r#"url: http://ors-1:9098/, region: Some("west")"#,
        r#"regions: ["west", "east"]"#,
    ];
    told(&config.upstream.orchestrator.telephony, &ors);
    assert_eq!(config.upstream.orchestrator.write_back_url, "http://ges.internal:3050");
    assert!(!format!("{config:?}").contains("voice-secret"));

    let address = [("storage.kind", "postgres"), ("storage.postgres.url", "postgres://u:hidden@db/ges")];
    let config = read_with(Some(SAMPLE), &[], &address).unwrap();
    told(&config.storage, &[r#"Tcp("db")"#]);
    assert!(!format!("{config:?}").contains("hidden"));
    let refused =
        read_with(Some(SAMPLE), &[], &[("storage.kind", "postgres"), ("storage.postgres.url", "hidden")]);
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("storage.postgres.url: the address") && !refused.contains("hidden"),
        "{refused}"
    );
}

#[test]
fn mistakes_of_a_cluster_name_what_would_be_right() {
    let text = "
        storage.kind = 'postgres'
        storage.postgres.hosts = 'db:port'
        storage.postgres.tls = 'maybe'
        redis.mode = 'standalone'
        redis.nodes = 'a,b'
        orchestrator.kind = 'ors'
        orchestrator.ors.redis.mode = 'off'
        orchestrator.ors.fields = 'callbackId'
        orchestrator.ors.redis.connection = 'a-secret-that-is-no-json'
    ";
    let mistakes = mistakes(text).join("\n");
    for part in [
        "storage.postgres.hosts in ges.toml: \"db:port\" cannot be used; expected one or several",
        "storage.postgres.tls in ges.toml: \"maybe\" cannot be used; expected verify or off",
        "redis.nodes: a standalone Redis is one server",
        "orchestrator.ors.redis.connection: expected a JSON object",
        "orchestrator.ors.fields in ges.toml: \"callbackId\" cannot be used; expected one or several",
    ] {
        assert!(mistakes.contains(part), "{part}\nin\n{mistakes}");
    }
    assert!(!mistakes.contains("a-secret"), "a secret is never shown");
}

#[test]
fn mistakes_of_outgoing_https_name_what_would_be_right() {
    let text = "
        outgoing.ca_file = '/secret'
        outgoing.proxy = 'http://proxy.example.com:3128/path'
        outgoing.proxy_user = 'ges'
    ";
    let told = mistakes(text).join("\n");
    for part in [
        "outgoing.proxy_user: outgoing.proxy_user and outgoing.proxy_password belong together",
        "outgoing.ca_file: \"/secret\" cannot be used; the authorities cannot be used: there is no certificate in it; \
         one or several certificates in PEM are right",
    ] {
        assert!(told.contains(part), "{part}\nin\n{told}");
    }
    let told =
        mistakes("outgoing.proxy = 'http://proxy.example.com/path'\noutgoing.ca_file = '/none'").join("\n");
    for part in [
        "outgoing.proxy: \"http://proxy.example.com/path\" cannot be used; an http or https address with a host",
        "outgoing.ca_file: \"/none\" cannot be used; it cannot be read",
    ] {
        assert!(told.contains(part), "{part}\nin\n{told}");
    }
    let proxy = [
        ("outgoing.proxy", "http://proxy.example.com:3128"),
        ("outgoing.proxy_user", "ges"),
        ("outgoing.proxy_password", "hidden"),
        ("outgoing.proxy_except", "gws.internal, corp"),
    ];
    let config = read_with(Some(SAMPLE), &[], &proxy).unwrap();
    assert_eq!(config.upstream.outgoing.proxy.as_ref().unwrap().except, ["gws.internal", "corp"]);
    assert!(!format!("{config:?}").contains("hidden"));
}

fn row(key: &Key) -> String {
    let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
    let secret = if key.secret { " Secret; also as `_file`." } else { "" };
    format!("| `{}` | `{}` | {default} | {}{secret} |", key.name, key.environment(), key.meaning)
}

#[test]
fn every_key_is_documented_as_it_is() {
    let rows: Vec<String> = keys().iter().map(|key| row(key)).collect();
    let missing: Vec<&String> = rows.iter().filter(|row| !DOCUMENT.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "docs/configuration.md lacks:\n{}", rows.join("\n"));
    let documented = DOCUMENT.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(documented, rows.len(), "docs/configuration.md knows keys that do not exist");
}
