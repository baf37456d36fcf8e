//! `throng stress`.

use clap::Args;

#[derive(Debug, Args)]
pub(super) struct StressArgs {}

pub(super) fn run(_args: StressArgs) -> Result<(), String> {
    Err("not yet".to_owned())
}
