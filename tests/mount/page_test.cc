// The status page in a browser, over a real mount.
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <fstream>

#include "mount/listening_mount.h"
#include "support/browser.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

/// `t.state(name)` of a member's row: "✓ in use".
constexpr const char* kHelpers = R"(
  window.t = {};
  t.rows = () => [...document.querySelectorAll("#tree tbody tr")];
  t.row = (name) => t.rows().find((r) => r.cells[0].firstChild.textContent === name);
  t.state = (name) => t.row(name)?.querySelector(".state").textContent ?? "";
  t.button = (name) => t.row(name).querySelector("button");)";

/// The lowest contrast of any text that is shown, after WCAG 2.1.
constexpr const char* kContrast = R"(
  const numbers = (css) => (css.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (rgb) => rgb.slice(0, 3).map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const back = numbers(getComputedStyle(e).backgroundColor);
      if (back.length === 3 || back[3] === 1) return back;
    }
    return [255, 255, 255];
  };
  let lowest = 21;
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
    const [a, b] = [luminance(numbers(getComputedStyle(e).color)), luminance(behind(e))].sort((x, y) => y - x);
    lowest = Math.min(lowest, (a + 0.05) / (b + 0.05));
  }
  return lowest;)";

class PageTest : public ListeningMount {
 protected:
  /// The page of a mount of three members, once it shows them.
  void open_page() {
    start(3, "listen = \"127.0.0.1:" + std::to_string(free_port()) + "\"\n");
    browser_.open(url_);
    look();
  }
  void look() {
    browser_.script(kHelpers);
    ASSERT_TRUE(browser_.waits_for("t.rows().length === 3")) << browser_.complaints();
  }
  /// One that stays the same when the daemon starts again.
  static int free_port() {
    asio::io_context loop;
    const asio::ip::tcp::acceptor any(loop, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    return any.local_endpoint().port();
  }
  bool shows(const std::string& member, const std::string& state, std::chrono::milliseconds limit = 20s) {
    return browser_.waits_for("t.state('" + member + "').includes('" + state + "')", limit);
  }
  static double now_ms() {
    return std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  Browser browser_;
};

TEST_F(PageTest, AMemberDiesAndThePageShowsItWithinTwoSeconds) {
  open_page();
  EXPECT_EQ(run({"ls", pt()}).status, 0);  // now it is known who has what
  EXPECT_TRUE(shows("/pt.balance1", "✓ in use"));
  // The page itself writes down when it changed: asking it takes longer than it needs.
  browser_.script(
      "new MutationObserver(() => { if (t.state('/pt.balance1').includes('out')) window.seen = window.seen "
      "|| "
      "Date.now(); })"
      ".observe(document.getElementById('tree'), { subtree: true, childList: true, characterData: true });");
  const double killed = now_ms();
  member(1).stop();
  for (int i = 0; i < 12; ++i) EXPECT_EQ(read_file(pt(name(i))).text.size(), kSize);
  ASSERT_TRUE(shows("/pt.balance1", "✕ out"));
  EXPECT_LT(browser_.value("window.seen").get<double>() - killed, 2000);
  EXPECT_TRUE(browser_.waits_for("t.row('/pt.balance1').innerText.includes('unavailable')"));
  EXPECT_TRUE(
      browser_.waits_for("document.getElementById('changes').rows[0].innerText.includes('in use → out')"));
  EXPECT_TRUE(browser_.waits_for(
      "document.querySelector('[aria-live=polite]').textContent.startsWith('/pt.balance1: in use → out')"));
  member(1).start();
  EXPECT_TRUE(shows("/pt.balance1", "✓ in use", 60s));
  EXPECT_EQ(browser_.complaints(), "");
}

TEST_F(PageTest, ButtonsDrainAndUndrainByKeyboardToo) {
  open_page();
  browser_.script("t.button('/pt').click()");
  ASSERT_TRUE(shows("/pt", "drained"));
  EXPECT_TRUE(
      browser_.waits_for("document.getElementById('message').innerText.startsWith('/pt is drained')"));
  read_files(0, 6);
  EXPECT_NE(fetch("metrics").out.find("balancefs_member_opens_total{group=\"/pt\",member=\"/pt\"} 0\n"),
            std::string::npos);
  browser_.script("t.button('/pt').focus()");
  EXPECT_EQ(browser_.value("document.activeElement.getAttribute('aria-label')"), "Undrain /pt");
  browser_.press("\uE007");
  ASSERT_TRUE(shows("/pt", "✓ in use"));
  EXPECT_EQ(browser_.value("document.activeElement.getAttribute('aria-label')"), "Drain /pt")
      << "the focus stays";
  EXPECT_EQ(browser_.complaints(), "");
}

TEST_F(PageTest, SaysThatTheDaemonIsGoneAndGoesOnWithTheNextOne) {
  open_page();
  const std::string words = "document.getElementById('connection-words').textContent";
  EXPECT_EQ(browser_.value(words), "live");
  app_->stop();
  EXPECT_TRUE(browser_.waits_for(words + ".startsWith('connection lost')"));
  app_->start();
  EXPECT_TRUE(browser_.waits_for(words + " === 'live'"));
  browser_.script("t.button('/pt').click()");
  EXPECT_TRUE(shows("/pt", "drained")) << "with the token of the new run";
}

TEST_F(PageTest, IsReadableOnAPhoneInTheDarkAndByAScreenReader) {
  open_page();
  const std::ifstream open(pt(name(3)));
  browser_.script("t.button('/pt.balance2').click()");
  ASSERT_TRUE(shows("/pt.balance2", "drained"));
  ASSERT_TRUE(browser_.waits_for("document.getElementById('files').rows.length === 1"));
  for (const int width : {360, 1200}) {
    for (const bool dark : {false, true}) {
      browser_.show_as(width, dark);
      EXPECT_LE(browser_.value("document.documentElement.scrollWidth"), width);
      EXPECT_GE(browser_.script(kContrast).get<double>(), 4.5) << width << (dark ? " dark" : " light");
    }
  }
  EXPECT_EQ(browser_.value("performance.getEntriesByType('resource').filter((r) => "
                           "!r.name.startsWith(location.origin)).length"),
            0);
  browser_.show_as(360, true);
  const std::string tree = browser_.devtools("Accessibility.getFullAXTree", Browser::Json::object()).dump();
  for (const char* part : {"\"Undrain /pt.balance2\"", "\"rowheader\"", "\"columnheader\"", "\"caption\"",
                           "\"progressbar\"", "Rate over the last minute: now", "Changes of members"})
    EXPECT_NE(tree.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace balancefs::test
