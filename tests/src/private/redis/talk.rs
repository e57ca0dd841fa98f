//! One blocking conversation with a Redis server, for the tests' own questions.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A server that has not answered by then is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a server answers when it does not answer an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing is there.
    Nil,
    /// A number.
    Number(i64),
    /// A status or a string.
    Text(String),
    /// Several.
    List(Vec<Reply>),
}

impl Reply {
    /// The text, or the number as text; empty for anything else.
    pub fn text(&self) -> String {
        match self {
            Reply::Text(text) => text.clone(),
            Reply::Number(number) => number.to_string(),
            Reply::Nil | Reply::List(_) => String::new(),
        }
    }

    /// The parts of a list; none for anything else.
    pub fn list(&self) -> &[Reply] {
        match self {
            Reply::List(parts) => parts,
            _ => &[],
        }
    }
}

/// Why there is no reply.
#[derive(Debug)]
pub enum Failure {
    /// The server answers an error.
    Refused(String),
    /// The connection is of no more use.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(text) | Failure::Broken(text) => to.write_str(text),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Broken(error.to_string())
    }
}

/// A connection.
#[derive(Debug)]
pub struct Talk {
    socket: BufReader<TcpStream>,
    asked: u64,
}

impl Talk {
    /// Connects, and says who asks.
    ///
    /// # Errors
    /// When the server is away or does not let us in.
    pub fn to(address: SocketAddr, login: Option<(&str, &str)>) -> Result<Self, String> {
        let connect = || {
            let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
            socket.set_nodelay(true)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok::<_, std::io::Error>(socket)
        };
        let socket = connect().map_err(|error| error.to_string())?;
        let mut talk = Talk { socket: BufReader::new(socket), asked: 0 };
        if let Some((name, password)) = login {
            talk.ask(&["AUTH", name, password]).map_err(|failure| failure.to_string())?;
        }
        Ok(talk)
    }

    /// How many commands were sent.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Lets the server take this long for an answer, where a command waits for something.
    ///
    /// # Errors
    /// When the connection is of no more use.
    pub fn be_patient(&mut self, most: Duration) -> Result<(), Failure> {
        Ok(self.socket.get_ref().set_read_timeout(Some(most))?)
    }

    /// Sends a command and waits for its reply.
    ///
    /// # Errors
    /// When there is none, or an error.
    pub fn ask(&mut self, words: &[&str]) -> Result<Reply, Failure> {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.asked += 1;
        self.socket.get_mut().write_all(command.as_bytes())?;
        self.read()
    }

    fn read(&mut self) -> Result<Reply, Failure> {
        let mut line = String::new();
        self.socket.read_line(&mut line)?;
        let line = line.trim_end();
        let Some(kind) = line.chars().next() else {
            return Err(Failure::Broken("the connection has ended".into()));
        };
        let rest = line.get(1..).unwrap_or_default();
        let number = || rest.parse::<i64>().map_err(|_| Failure::Broken(format!("a reply {line:?}")));
        match kind {
            '+' => Ok(Reply::Text(rest.to_owned())),
            '-' => Err(Failure::Refused(rest.to_owned())),
            ':' => Ok(Reply::Number(number()?)),
            '$' => match usize::try_from(number()?) {
                Ok(length) => {
                    let mut bytes = vec![0_u8; length + 2];
                    self.socket.read_exact(&mut bytes)?;
                    bytes.truncate(length);
                    Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
                }
                Err(_) => Ok(Reply::Nil),
            },
            '*' => match usize::try_from(number()?) {
                Ok(length) => {
                    // Errors inside a list are parts of it, as texts.
                    let part = |reply| match reply {
                        Err(Failure::Refused(text)) => Ok(Reply::Text(text)),
                        other => other,
                    };
                    (0..length).map(|_| part(self.read())).collect::<Result<_, _>>().map(Reply::List)
                }
                Err(_) => Ok(Reply::Nil),
            },
            _ => Err(Failure::Broken(format!("a reply {line:?}"))),
        }
    }
}
