//! Bots, recognised by their `User-Agent` header.

/// Substrings of the user agents of crawlers, link previews, monitors and archives, in lower case.
///
/// The list is maintained by hand, last in November 2026, and is not a copy of a published one. `bot`, `crawl` and `spider`
/// match most bots, so the other entries are mainly for those without these words.
///
/// To update it, take the user agent that the bot's operator documents, and add the shortest substring that no browser
/// sends. Bots that the platform verifies are recognised without the list (`request.cf.verifiedBotCategory`).
const BOTS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "archiver",
    "facebookexternalhit",
    "meta-externalagent",
    "whatsapp/",
    "embedly",
    "quora link preview",
    "outbrain",
    "pinterest/0.",
    "vkshare",
    "w3c_validator",
    "validator.nu",
    "lighthouse",
    "pagespeed",
    "gtmetrix",
    "pingdom",
    "uptime",
    "statuscake",
    "site24x7",
    "headlesschrome",
    "phantomjs",
    "prerender",
    "google-read-aloud",
    "google-inspectiontool",
    "feedfetcher",
    "mediapartners-google",
    "adsbot",
    "apis-google",
    "duplexweb-google",
    "bingpreview",
    "yandex.com/bots",
    "baidu",
    "sogou",
    "ia_archiver",
    "chatgpt-user",
    "oai-searchbot",
    "perplexity-user",
    "claude-user",
    "anthropic-ai",
    "bytespider",
    "ccbot",
    "diffbot",
    "scrapy",
    "python-requests",
    "go-http-client",
    "libwww-perl",
    "wget/",
];

/// Whether the user agent is a bot's, which sees the origin's page. A missing user agent is treated as a bot.
pub fn is_bot(user_agent: &str) -> bool {
    let agent = user_agent.to_ascii_lowercase();
    agent.is_empty() || BOTS.iter().any(|mark| agent.contains(mark))
}
