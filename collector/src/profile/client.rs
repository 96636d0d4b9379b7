//! Calls of Profile objects.

use worker::{Env, Error, Result};

use crate::platform::durable_object;
use crate::profile::rpc::{MaybeMoved, MintToken, Minted, Operation};

/// The number of merges that are followed from one profile to the next.
const MAX_MOVES: usize = 5;

/// Calls an operation of a profile.
pub async fn call<O: Operation>(env: &Env, profile: &str, operation: &O) -> Result<O::Reply> {
    durable_object::call(env, "PROFILES", profile, O::NAME, operation).await
}

/// Calls an operation of a profile, or of the profile that it was merged into. Returns that profile and its reply, or
/// `None` after too many merges.
pub async fn call_merged<T, O>(env: &Env, profile: &str, operation: &O) -> Result<Option<(String, T)>>
where
    O: Operation<Reply = MaybeMoved<T>>,
{
    let mut profile = profile.to_owned();
    for _ in 0..MAX_MOVES {
        match call(env, &profile, operation).await? {
            MaybeMoved::Here(reply) => return Ok(Some((profile, reply))),
            MaybeMoved::Moved(winner) => profile = winner,
        }
    }
    Ok(None)
}

/// Mints a token of a profile, or of the profile that it was merged into.
pub async fn mint_token(env: &Env, profile: &str, proven: bool) -> Result<Minted> {
    let minted = call_merged(env, profile, &MintToken { proven }).await?;
    minted.map(|(_, minted)| minted).ok_or_else(|| moved_too_often(profile))
}

/// Returns the error of a profile that more merges lead away from than are followed.
pub fn moved_too_often(profile: &str) -> Error {
    Error::from(format!("`{profile}` leads through too many merges"))
}
