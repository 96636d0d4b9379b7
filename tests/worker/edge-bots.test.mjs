// Bots see the origin's page, and people a personal one, by their user agent.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { createIsBotFromList } from 'isbot';
import { BROWSER, mintPreview, startEdge, Visitor } from '../support/edge.mjs';

const require = createRequire(import.meta.url);
const crawlers = require('crawler-user-agents').flatMap(({ instances }) => instances);
const browsers = require('top-user-agents');

const ANDROID = 'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
/** Agents of people whose phones, carriers and apps have names like those of bots. */
const PEOPLE = [
  'Mozilla/5.0 (Linux; Android 5.1; CUBOT ONE Build/LMY47I) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/43.0.2357.93 Mobile Safari/537.36',
  'Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Linux; Android 10; CUBOT_X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
  `${IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/490.0;FBBV/1;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/18.1;FBSS/3;FBCR/OrangeBotswana;FBID/phone;FBLC/en_GB;FBOP/5]`,
  `${ANDROID} Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 baiduboxapp/15.8.0.10 (Baidu; P1 14)`,
  `${ANDROID} Version/4.0 Mobile Safari/534.30 baiduboxapp/042_8.3_diordna_458_084/IOMA/1494a/04FFF341C445E0FAA0EA951A022CEDAA|A1b2aea/1`,
  `${ANDROID} FlyFlow/2.5 Version/4.0 Safari/534.30 baidubrowser/021_3.9.5.2_diordna/1000437a/5242F981109FFAA5A3719A53DF09C271|6901/1`,
  `${IPHONE} Version/18.5 Mobile/15E148 Safari/604.1 flyflow/4.21 (Baidu; P2 18.5)`,
  `${ANDROID} Chrome/110.0.0.0 Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/5.30.1`,
  `${IPHONE} Mobile/15E148 SogouSearch Ios1.0 version3.0 AppVersion/6903`,
  'Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0.3987.87 Safari/537.36 SE 2.X MetaSr 1.0',
  `${IPHONE} Mobile/15E148 Instagram 350.0.0.28.103 (iPhone14,5; iOS 18_1; en_GB; en-GB; scale=3.00; 1170x2532; 634108168)`,
  `${ANDROID} Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/490.0.0.41.84;]`,
  `${ANDROID} Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 musical_ly_2023708040 BytedanceWebview/d8a21c6`,
  `${IPHONE} Mobile/15E148 MicroMessenger/8.0.54(0x18003637) NetType/WIFI Language/zh_CN`,
  `${IPHONE} Version/18.1 Mobile/15E148 Safari/604.1 [Pinterest/iOS]`,
  `${IPHONE} Mobile/15E148 [LinkedInApp]/9.30.1`,
  `${IPHONE} Mobile/15E148 Safari Line/14.19.0`,
  `${ANDROID} Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 NAVER(inapp; search; 2000; 12.9.3)`,
  `${ANDROID} Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 JsSdk/2 NewsArticle/8.4.2 NetType/wifi`,
  `${IPHONE} GSA/343.0.695551749 Mobile/15E148 Safari/604.1`,
  'Mozilla/5.0 (Linux; Android 14; Pixel 9 Pro; Google Pixel) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Linux; Android 14; Google TV Streamer Build/UTTK) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 CrKey/1.56',
  'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (compatible; MSIE 9.0; Windows Phone OS 7.5; Trident/5.0; IEMobile/9.0; HTC; Radar)',
  'Mozilla/5.0 (SMART-TV; X11; Linux armv7l) AppleWebKit/537.42 (KHTML, like Gecko) Safari/537.42 HbbTV/1.1.1 (; ;) CE-HTML/1.0; en',
];
const BOTS = [
  'curl/8.14.1',
  'okhttp/5.1.0',
  'Apache-HttpClient/4.5.14 (Java/17.0.16)',
  'Python-urllib/3.13',
  'Python/3.13 aiohttp/3.12.15',
  'python-httpx/0.28.1',
  'Mozilla/5.0 (compatible; GoogleOther)',
  'Mozilla/5.0 (Linux; Android 7.0; SM-G930V) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/59.0.3071.125 Mobile Safari/537.36 (compatible; Google-Read-Aloud)',
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; Gemini-Deep-Research; +https://gemini.google/overview/deep-research/) Chrome/135.0.0.0 Safari/537.36',
  'meta-externalfetcher/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)',
  'WhatsApp/2.24.6.77 A',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)',
  'Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)',
  'Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)',
  'sqlmap/1.8#stable (https://sqlmap.org)',
];

// Nothing is stored or counted, so that thousands of visitors cost little.
const rules = {
  version: 1,
  policies: { consent: { default: 'pending', store: 'personalization', measure: 'analytics', service: [] } },
  slots: { hero: { pages: ['/'] } },
  channels: { web: {} },
  messages: { hello: { renditions: [{ channel: 'web', html: '<em>Personal</em>' }] } },
  campaigns: { greet: { class: 'service', slots: { hero: 'hello' } } },
};

describe('bots', () => {
  let edge;
  before(async () => {
    const page = '<h1 data-tl-slot="hero">Welcome</h1>';
    const origin = (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
    edge = await startEdge({ rules, origin });
  });
  after(() => edge.stop());

  /** Returns the agents whose page is the origin's. */
  async function botsOf(agents) {
    const found = [];
    const waiting = [...agents];
    const work = async () => {
      for (let agent = waiting.pop(); agent !== undefined; agent = waiting.pop()) {
        const { text } = await new Visitor(edge).fetch('/', { headers: { 'user-agent': agent } });
        if (!text.includes('Personal')) found.push(agent);
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
    return agents.filter((agent) => found.includes(agent));
  }

  test('people are people', async () => {
    const people = [BROWSER, ...browsers, ...PEOPLE];
    assert.ok(people.length > 100);
    assert.deepEqual(await botsOf(people), []);
  });

  test('libraries, scanners, previews and headless browsers are bots', async () => {
    assert.deepEqual(await botsOf(BOTS), BOTS);
  });

  test('98 % of the known crawlers are bots', async () => {
    const agents = [...new Set(crawlers.map((agent) => Buffer.from(agent, 'utf8').toString('latin1').trim()))];
    assert.ok(agents.length > 2000, String(agents.length));
    const found = new Set(await botsOf(agents));
    const missed = agents.filter((agent) => !found.has(agent));
    assert.ok(missed.length <= agents.length * 0.02, missed.join('\n'));
  });

  /** The tables against the regular expressions that they are made from. */
  test('the tables say what the patterns say', async () => {
    const lines = (name) =>
      readFileSync(new URL(`../../edge/src/request/bot/${name}`, import.meta.url), 'utf8')
        .split('\n')
        .filter((line) => line && !line.startsWith('# '));
    const changes = lines('ours.txt').map((line) => [line.slice(0, 2), line.slice(2)]);
    const gone = changes.filter(([sign]) => sign === '- ').map(([, pattern]) => pattern);
    const added = changes.filter(([sign]) => sign === '+ ').map(([, pattern]) => pattern);
    const isBot = createIsBotFromList([...lines('isbot.txt').filter((line) => !gone.includes(line)), ...added]);
    const mixed = crawlers
      .filter((_, index) => index % 16 === 0)
      .flatMap((agent, index) => {
        const cut = agent.slice(index % 5, 8 + (index % 40));
        return [cut, `x${cut}`, `${IPHONE} ${cut}`, `${ANDROID} ${cut.slice(3)}z`];
      });
    const agents = [...new Set(mixed.map((agent) => Buffer.from(agent, 'utf8').toString('latin1').trim()))];
    const differ = new Set(await botsOf(agents));
    const wrong = agents.filter((agent) => differ.has(agent) !== (agent === '' || isBot(agent)));
    assert.deepEqual(wrong, []);
    assert.ok(differ.size > 80 && differ.size < agents.length - 80, `${differ.size} of ${agents.length}`);
  });

  test('programs may ask for decisions under the names of their libraries', async () => {
    const decide = async (agent) => {
      const response = await new Visitor(edge).fetch('/_tl/decide', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': agent },
        body: JSON.stringify({ request: { attributes: { path: '/' } } }),
      });
      return Object.keys(JSON.parse(response.text).slots);
    };
    for (const agent of ['curl/8.14.1', 'okhttp/5.1.0', 'Shop/4.2 CFNetwork/1568 Darwin/24.0.0', 'node']) {
      assert.deepEqual(await decide(agent), ['hero'], agent);
    }
    const headers = { 'user-agent': 'curl/8.14.1', authorization: `Bearer ${mintPreview(edge.keys)}` };
    const explained = await new Visitor(edge).fetch('/_tl/explain?path=/', { headers });
    assert.equal(JSON.parse(explained.text).decision.reasons.hero, 'filled');
    for (const agent of ['Googlebot/2.1', BOTS[6], BOTS[11]]) assert.deepEqual(await decide(agent), [], agent);
  });

  test('only the beginning of a long agent is read', async () => {
    const after = (length) => `${ANDROID} ${'x; '.repeat(length / 3)}Googlebot`;
    assert.deepEqual(await botsOf([after(300), after(3000)]), [after(300)]);
  });
});
