//! An authority and a server certificate that are good for one test.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;

use super::{Place, binary};

/// The name, beside their addresses, under which servers with these certificates may be verified.
const NAME: &str = "server.ges.test";

/// A certificate authority, and a certificate by it for [`Certificates::name`] and all loopback addresses in use.
#[derive(Debug)]
pub struct Certificates {
    place: Place,
}

impl Certificates {
    /// An authority that nobody else knows.
    pub fn new() -> Self {
        let certificates = Certificates { place: Place::new() };
        let subject = "/CN=an authority for tests";
        let ca = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ];
        let extension = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
        certificates.openssl(|command| {
            command.args(ca).args(["-subj", subject, "-keyout", "ca.key", "-out", "ca.pem"]).args(extension);
        });
        certificates
    }

    /// The authority's certificate, in PEM.
    pub fn authority(&self) -> PathBuf {
        self.place.folder().join("ca.pem")
    }

    /// The same as text.
    pub fn authority_text(&self) -> String {
        fs::read_to_string(self.authority()).unwrap_or_default()
    }

    /// The name in every certificate.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// A certificate for a server at this address, and its key, both in PEM.
    pub fn issue(&self, address: IpAddr) -> (String, String) {
        let file = |end: &str| format!("{address}.{end}");
        let request = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        self.openssl(|command| {
            command.args(request).args(["-subj", "/CN=a server"]).args([
                "-keyout",
                &file("key"),
                "-out",
                &file("csr"),
            ]);
        });
        self.place.put(&file("ext"), &format!("subjectAltName=DNS:{NAME},DNS:localhost,IP:{address}\n"));
        self.openssl(|command| {
            command.args([
                "x509",
                "-req",
                "-days",
                "2",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
            ]);
            command.args(["-in", &file("csr"), "-extfile", &file("ext"), "-out", &file("pem")]);
        });
        let text = |end: &str| fs::read_to_string(self.place.folder().join(file(end))).unwrap_or_default();
        (text("pem"), text("key"))
    }

    fn openssl(&self, with: impl FnOnce(&mut Command)) {
        let mut command = self.place.command(&binary::of("openssl", "openssl"));
        with(&mut command);
        self.place.run("openssl", &mut command);
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Certificates::new()
    }
}
