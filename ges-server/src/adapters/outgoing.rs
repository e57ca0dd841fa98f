//! Keys of outgoing HTTPS: whose certificates count, and through which proxy it goes.

use std::path::PathBuf;

use ges_upstream::client::{ClientMistake, ClientOptions, HttpClient, Proxy};

use crate::keys::{Given, Key, List, Reader, Setting, Url};

const CA_FILE: Key = Key::new(
    "outgoing.ca_file",
    "",
    "Certificates of authorities in PEM, trusted besides the public ones when neighbours are reached over HTTPS.",
);
const PROXY: Key = Key::new(
    "outgoing.proxy",
    "",
    "A proxy for outgoing HTTPS, such as http://proxy.example.com:3128; it must allow `CONNECT`. Plain HTTP goes straight.",
);
const PROXY_USER: Key = Key::new("outgoing.proxy_user", "", "The name the proxy asks for.");
const PROXY_PASSWORD: Key = Key::secret("outgoing.proxy_password", "The password the proxy asks for.");
const PROXY_EXCEPT: Key = Key::new(
    "outgoing.proxy_except",
    "",
    "Hosts that are reached without the proxy, each with all below it, with commas between them.",
);

pub(crate) const KEYS: &[&Key] = &[&CA_FILE, &PROXY, &PROXY_USER, &PROXY_PASSWORD, &PROXY_EXCEPT];

/// How neighbours are reached; every mistake in it is noted.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<ClientOptions> {
    let ca_file = reader.optional::<PathBuf>(&CA_FILE);
    let address = reader.optional::<Url>(&PROXY);
    let user = reader.optional::<String>(&PROXY_USER);
    let password = reader.optional::<Given>(&PROXY_PASSWORD);
    let except = reader.optional::<List<String>>(&PROXY_EXCEPT);
    let mut options = ClientOptions::default();
    let (ca_file, address) = (ca_file?, address?);
    let (user, password, except) = (user?, password?, except?);
    if let Some(path) = &ca_file {
        match reader.contents(path) {
            Ok(text) => options.authorities = Some(text),
            Err(error) => {
                let right = format!("it cannot be read: {error}; a file with certificates in PEM is right");
                reader.wrong(CA_FILE.name, Some(path.display().to_string()), right);
            }
        }
    }
    if address.is_none() && (user.is_some() || password.is_some() || except.is_some()) {
        reader.wrong(
            PROXY.name,
            None,
            format!("with a login or exceptions, {} is expected", Url::expected()),
        );
    }
    if user.is_some() != password.is_some() {
        let right = format!("{} and {} belong together", PROXY_USER.name, PROXY_PASSWORD.name);
        reader.wrong(PROXY_USER.name, None, right);
    }
    options.proxy = address.map(|Url(address)| {
        let mut proxy = Proxy::new(address);
        proxy.login = user.zip(password.map(|Given(password)| password));
        proxy.except = except.map(|List(hosts)| hosts).unwrap_or_default();
        proxy
    });
    if let Err(mistake) = HttpClient::new(&options) {
        let (key, value) = match &mistake {
            ClientMistake::Proxy => (&PROXY, options.proxy.as_ref().map(|proxy| proxy.address.to_string())),
            _ => (&CA_FILE, ca_file.map(|path| path.display().to_string())),
        };
        reader.wrong(key.name, value, mistake.to_string());
    }
    Some(options)
}
