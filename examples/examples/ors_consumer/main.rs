//! The other side of the stream: what reads `NewCallbackStream` and runs the sessions, where no ORS does.
//!
//! `cargo run --release --example ors_consumer -- [--redis redis://127.0.0.1:6379] [--name one]`
//!
//! With `orchestrator.kind = "ors"` the server appends each attempt to a stream in the Redis of the voice platform. This
//! program takes them from there as a member of a consumer group, runs one session for each (callback id, attempt), and
//! reports back over HTTP. Here a session only pretends to dial; put yours into [`session`]. Start several of it, kill
//! some: what a dead one has not finished is claimed by the others.

mod consumer;
mod session;
mod write_back;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use consumer::Consumer;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Arguments {
    /// The Redis of the voice platform.
    #[arg(long, default_value = "redis://127.0.0.1:6379")]
    redis: String,
    /// The stream.
    #[arg(long, default_value = "NewCallbackStream")]
    stream: String,
    /// The group whose members share the work.
    #[arg(long, default_value = "ors")]
    group: String,
    /// This member's name, its own.
    #[arg(long, default_value = "one")]
    name: String,
    /// Seconds after which another member's unfinished work is claimed; longer than a session may be silent.
    #[arg(long, default_value_t = 30)]
    claim_after: u64,
    /// Ends when nothing is left to do.
    #[arg(long)]
    once: bool,
}

#[allow(clippy::print_stdout, clippy::print_stderr)] // printing is what it is for
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ran = runtime.map_err(Error::from).and_then(|runtime| runtime.block_on(run(&arguments)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ors_consumer: {error}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stdout)]
async fn run(arguments: &Arguments) -> Result<(), Error> {
    let Arguments { redis, stream, group, name, .. } = arguments;
    let claim_after = Duration::from_secs(arguments.claim_after);
    let mut consumer = Consumer::join(redis, stream, group, name, claim_after).await?;
    loop {
        let taken = consumer.take().await?;
        if taken.is_empty() && arguments.once {
            return Ok(());
        }
        for attempt in taken {
            println!("{}", consumer.finish(attempt).await?);
        }
    }
}
