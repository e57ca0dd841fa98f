//! Encrypted connections: whom the store believes, and that it never speaks in plain words when it was told not to.

use ges_core::port::CallbackStore;
use ges_storage::postgres::{OpenError, PostgresStore, Tls};
use ges_tests::private::{Certificates, Postgres};

use crate::support::{block_on, bounded, options};

async fn opens(url: &str, tls: Tls) -> Result<PostgresStore, OpenError> {
    let mut options = options(url);
    options.tls = tls;
    PostgresStore::open(options).await
}

#[test]
fn certificates_are_checked_as_told_and_nothing_is_said_in_plain() {
    let certificates = Certificates::new();
    let (authority, name) = (certificates.authority(), certificates.name());
    let server = Postgres::options().with_tls(certificates).start();
    let ours = || Tls::Authority(authority.clone());
    let named = |name: &str| {
        let address = server.address();
        format!("host={name} hostaddr={} port={} user=ges dbname=postgres", address.ip(), address.port())
    };
    block_on(bounded(async {
        let store = opens(&server.url("postgres"), ours()).await.expect("its address is in the certificate");
        store.check().await.expect("it works");
        let sessions = "SELECT s.ssl, count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                        WHERE a.application_name LIKE 'ges%' GROUP BY s.ssl";
        let kinds = server.ask("postgres", sessions);
        assert!(matches!(kinds.as_slice(), [all] if all.starts_with('t')), "all are encrypted: {kinds:?}");
        drop(store);

        opens(&named(name), ours()).await.expect("its name is in the certificate");
        for (why, url, tls) in [
            ("another name", named("another.test"), ours()),
            ("nobody public vouches for it", named(name), Tls::Verify),
            ("another authority", named(name), Tls::Authority(Certificates::new().authority())),
            ("a server that does not encrypt", Postgres::shared().url("postgres"), ours()),
        ] {
            let refused = opens(&url, tls).await.expect_err(why);
            assert!(matches!(refused, OpenError::Unreachable(_)), "{why}: {refused:?}");
        }
        for path in ["/nowhere", "Cargo.toml"] {
            let refused = opens(&named(name), Tls::Authority(path.into())).await.expect_err("no certificate");
            assert!(refused.to_string().contains(path), "{refused}");
        }
    }));
}
