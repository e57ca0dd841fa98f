//! The wire: what passes, and what does not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ges_tests::private::{Toward, Wire};
use ges_tests::server::free_listener;

const LONG: Duration = Duration::from_secs(20);

/// A server that answers every line with itself, and tells which lines it has seen.
fn echo() -> (SocketAddr, Receiver<String>) {
    let (listener, address) = free_listener();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tell = tell.clone();
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut bytes = [0_u8; 64];
                while let Ok(read @ 1..) = stream.read(&mut bytes) {
                    let _ = tell.send(String::from_utf8_lossy(&bytes[..read]).into_owned());
                    if stream.write_all(&bytes[..read]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, told)
}

fn connect(wire: &Wire) -> TcpStream {
    let stream = TcpStream::connect(wire.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, text: &str) -> Option<String> {
    stream.write_all(text.as_bytes()).ok()?;
    let mut bytes = vec![0_u8; text.len()];
    stream.read_exact(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

#[test]
fn a_cut_ends_connections_and_new_ones_can_be_made() {
    let (server, _seen) = echo();
    let wire = Wire::to(server);
    let mut client = connect(&wire);
    assert_eq!(ask(&mut client, "one").as_deref(), Some("one"));
    wire.cut();
    assert_eq!(ask(&mut client, "two"), None);
    assert_eq!(ask(&mut connect(&wire), "three").as_deref(), Some("three"));
    wire.close();
    assert_eq!(ask(&mut connect(&wire), "four"), None);
    wire.open();
    assert_eq!(ask(&mut connect(&wire), "five").as_deref(), Some("five"));
}

#[test]
fn an_answer_is_lost_and_the_question_was_heard() {
    let (server, seen) = echo();
    let wire = Wire::to(server);
    let mut client = connect(&wire);
    wire.cut_after(Toward::Client, 0);
    assert_eq!(ask(&mut client, "commit"), None);
    assert_eq!(seen.recv_timeout(LONG).unwrap(), "commit");
    assert!(wire.wait_for_cuts(1, LONG));
    assert_eq!(ask(&mut connect(&wire), "again").as_deref(), Some("again"));
}

#[test]
fn a_question_is_cut_in_the_middle() {
    let (server, seen) = echo();
    let wire = Wire::to(server);
    let mut client = connect(&wire);
    wire.cut_after(Toward::Server, 3);
    assert_eq!(ask(&mut client, "commit"), None);
    assert_eq!(seen.recv_timeout(LONG).unwrap(), "com");
    assert_eq!(wire.cuts(), 1);
}

#[test]
fn what_is_held_back_arrives_when_it_goes_on() {
    let (server, seen) = echo();
    let wire = Wire::to(server);
    let mut client = connect(&wire);
    assert_eq!(ask(&mut client, "one").as_deref(), Some("one"));
    assert_eq!(seen.recv_timeout(LONG).unwrap(), "one");
    wire.stall();
    client.write_all(b"two").unwrap();
    client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(client.read(&mut [0]).is_err() && seen.try_recv().is_err());
    client.set_read_timeout(Some(LONG)).unwrap();
    wire.go_on();
    let mut bytes = [0_u8; 3];
    client.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"two");
}

#[test]
fn connections_lead_to_whom_it_is_told() {
    let ((first, _), (second, seen)) = (echo(), echo());
    let wire = Wire::to(first);
    wire.lead_to(second);
    wire.delay(Duration::from_millis(1));
    assert_eq!(ask(&mut connect(&wire), "to you").as_deref(), Some("to you"));
    assert_eq!(seen.recv_timeout(LONG).unwrap(), "to you");
}
