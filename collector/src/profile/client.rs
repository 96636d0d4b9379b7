//! Calls of Profile objects.

use worker::{Env, Error, Response, Result, console_error};

use crate::platform::durable_object::{self, Upgrade};
use crate::profile::rpc::{
    HangUp, MaybeMoved, MintToken, Minted, OPEN_LIVE, OPEN_LIVE_HEADER, OpenLive, Operation, RedeemHandOver, Redeemed,
    Survey, Surveyed,
};

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

/// Returns the profile that a profile was merged into, and who its subject is. It writes nothing.
pub async fn survey(env: &Env, profile: &str) -> Result<(String, Surveyed)> {
    call_merged(env, profile, &Survey {}).await?.ok_or_else(|| moved_too_often(profile))
}

/// Calls an operation of a profile, or of the profile that it was merged into, and returns its reply.
pub async fn call_person<T, O: Operation<Reply = MaybeMoved<T>>>(env: &Env, profile: &str, operation: &O) -> Result<T> {
    let reply = call_merged(env, profile, operation).await?;
    reply.map(|(_, reply)| reply).ok_or_else(|| moved_too_often(profile))
}

/// Mints a token of a profile, or of the profile that it was merged into.
pub async fn mint_token(env: &Env, profile: &str, proven: bool) -> Result<Minted> {
    call_person(env, profile, &MintToken { proven }).await
}

/// Uses a hand-over token of a profile. It expires `expires` seconds after the Unix epoch.
pub async fn redeem_hand_over(env: &Env, profile: &str, jti: &str, expires: u64) -> Result<Redeemed> {
    let expires = i64::try_from(expires).unwrap_or(i64::MAX).saturating_mul(1000);
    call(env, profile, &RedeemHandOver { jti: jti.to_owned(), expires }).await
}

/// Opens the WebSocket of a page to a profile, or to the profile that it was merged into. Returns the upgraded response,
/// or `None` if the page may know nothing of it.
pub async fn open_live(env: &Env, profile: &str, page: &OpenLive) -> Result<Option<Response>> {
    let mut profile = profile.to_owned();
    let header = (OPEN_LIVE_HEADER, serde_json::to_string(page)?);
    for _ in 0..MAX_MOVES {
        match durable_object::upgrade(env, "PROFILES", &profile, OPEN_LIVE, (header.0, &header.1)).await? {
            Upgrade::Done(response) => return Ok(Some(response)),
            Upgrade::Refused(MaybeMoved::Here(())) => return Ok(None),
            Upgrade::Refused(MaybeMoved::Moved(winner)) => profile = winner,
        }
    }
    Ok(None)
}

/// Closes the WebSockets of a device to a profile that it no longer leads to. They end by themselves as well, after a
/// while, so a failure is only logged.
pub async fn hang_up(env: &Env, profile: &str, device: &str, is_sign_out: bool) {
    if let Err(error) = call(env, profile, &HangUp { device: device.to_owned(), is_sign_out }).await {
        console_error!("sockets of a device not closed: {error}");
    }
}

/// Returns the error of a profile that more merges lead away from than are followed.
pub fn moved_too_often(profile: &str) -> Error {
    Error::from(format!("`{profile}` leads through too many merges"))
}
