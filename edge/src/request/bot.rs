//! Programs that say in their `User-UserAgent` header that they are.

/// Marks of programs that read pages for search, previews, monitoring or archives, in lower case.
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

/// Whether a program is asking that should see the page as everybody sees it.
///
/// A request without a `User-UserAgent` is one, too.
pub fn is_bot(user_agent: &str) -> bool {
    let agent = user_agent.to_ascii_lowercase();
    agent.is_empty() || BOTS.iter().any(|mark| agent.contains(mark))
}
