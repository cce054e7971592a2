//! A small IPAM endpoint on a port of this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ipnet::IpNet;
use patina_ipam_example::Server;

/// Lends addresses to Patina.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "[::]:9000", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// A network whose hosts are lent, as 192.0.2.0/24; several in the order in which they are used up.
    #[arg(long = "network", required = true, value_name = "CIDR")]
    networks: Vec<IpNet>,
    /// Where the loans are written down; without it they are forgotten at the end.
    #[arg(long, value_name = "FILE")]
    book: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "it is a command")]
            {
                eprintln!("patina-ipam-example: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::new(arguments.networks, arguments.book)?;
    tonic::transport::Server::builder().add_service(server.service()).serve(arguments.listen).await?;
    Ok(())
}
