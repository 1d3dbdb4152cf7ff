//! Holds so many HTTP/2 connections to an address, each opened and silent since, until its standard input ends: the other
//! end of a test whose own process could not hold both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a helper of a test fails as tests do"
)]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

/// What an HTTP/2 client says first: the preface and empty settings.
const FIRST_WORDS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().expect("an address");
    let number: usize = arguments.next().expect("a number").parse().expect("a number");
    let open = |_| {
        let mut stream = TcpStream::connect(&address).expect("a connection");
        stream.write_all(FIRST_WORDS).expect("written");
        stream
    };
    let mut connections: Vec<_> = (0..number).map(open).collect();
    for stream in &mut connections {
        // The server's settings: it has taken the connection, and keeps it.
        stream.read_exact(&mut [0]).expect("settings");
    }
    println!("open");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("an end");
}
