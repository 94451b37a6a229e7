#include "http/range_reader.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "http/range_body.h"
#include "http/redirects.h"
#include "http/url.h"

namespace balancefs {
namespace {

/// Where the data is, once a good answer said so.
struct Link {
  std::string url;
  bool redirected = false;  ///< false: the original URL serves the data itself
  bool credentials = true;

  Link() = default;
};

/// A resolve under way, shared by the reads that wait for it.
struct Resolve {
  WaitList ended;
  bool done = false;
  std::optional<Error> error;
};

/// What became of one request and of those that redirects made of it.
struct Attempt {
  bool accepted = false;   ///< a head was good
  bool refused = false;    ///< 401, 403, 404, 410: an expired link says so
  std::string broken_off;  ///< the link whose transfer ended after some bytes; empty: none did

  Attempt() = default;
};

// How often one part goes on after links that broke off. A link that lives for less than an eighth of a part
// is of no use, and the member that hands it out is better reported.
constexpr int kMostBreaks = 8;

/// Which links broke off in one read, and whether the rest may be asked for: of each link once, as it may
/// have expired (it then refuses and is renewed). One that breaks again is the member's failure.
class Breaks {
 public:
  bool may_go_on_after(const std::string& link) {
    if (link.empty() || link == last_ || ++count_ > kMostBreaks) return false;
    last_ = link;
    return true;
  }

 private:
  std::string last_;
  int count_ = 0;
};

// An end of the connection, not of somebody's patience.
bool is_break(ErrorKind kind) {
  return kind == ErrorKind::unavailable || kind == ErrorKind::corrupted;
}

bool is_refusal(int status) {
  return status == 401 || status == 403 || status == 404 || status == 410;
}

// Failures that those who wait for a resolve do not share: they are about the limits of the one that ran it.
bool is_personal(ErrorKind kind) {
  return kind == ErrorKind::timed_out || kind == ErrorKind::cancelled;
}

class RangeReader final : public ObjectReader {
 public:
  RangeReader(HttpTransport& http, std::shared_ptr<const HttpOptions> options, std::string url,
              std::shared_ptr<Version> version, MemberIndex self, bool etags,
              std::shared_ptr<DataLocation> location)
      : http_(http),
        options_(std::move(options)),
        url_(std::move(url)),
        origin_(origin_of(url_).value_or(std::string())),
        version_(std::move(version)),
        self_(self),
        etags_(etags),
        location_(location ? std::move(location) : std::make_shared<DataLocation>()) {}

  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override;

 private:
  class ResolveTurn;

  Task<Result<void>> wait_for_resolve(RequestContext& why);
  Task<Result<void>> read_from_link(ByteRange rest, ByteSink& sink, RequestContext& why, int& refusals,
                                    Attempt& attempt);
  Task<Result<void>> read_resolving(ByteRange rest, ByteSink& sink, RequestContext& why, Attempt& attempt);
  Task<Result<void>> fetch(HttpRequest request, bool redirected, ByteRange rest, ByteSink& sink,
                           RequestContext& why, Attempt& attempt, ResolveTurn* turn);
  HttpRequest request_for(const Link& link, ByteRange rest) const;
  RangeExpectation expectation(const HttpRequest& request, bool redirected, ByteRange rest) const;
  void keep(const HttpRequest& request, bool redirected);
  void notice_cache(const ResponseHead& redirect, const std::string& target);
  void forget(const std::shared_ptr<Link>& link) {
    if (link_ == link) link_ = nullptr;
  }

  HttpTransport& http_;
  std::shared_ptr<const HttpOptions> options_;
  std::string url_;
  std::string origin_;
  std::shared_ptr<Version> version_;
  MemberIndex self_;
  bool etags_;
  std::shared_ptr<DataLocation> location_;
  std::shared_ptr<Link> link_;  ///< null: unknown
  std::uint32_t link_epoch_ =
      0;                 ///< of the version: a link may lead to the state of the file it was made for
  std::string expired_;  ///< a link that worked and was refused later
  std::shared_ptr<Resolve> resolve_;  ///< null: none under way
};

/// The right and duty to find out where the data is; ends at the first good head, or with the request.
class RangeReader::ResolveTurn {
 public:
  explicit ResolveTurn(RangeReader& reader) : reader_(reader), resolve_(std::make_shared<Resolve>()) {
    reader_.resolve_ = resolve_;
  }
  ResolveTurn(const ResolveTurn&) = delete;
  ResolveTurn& operator=(const ResolveTurn&) = delete;
  ~ResolveTurn() { end(); }

  void end() {
    if (resolve_->done) return;
    resolve_->done = true;
    if (reader_.resolve_ == resolve_) reader_.resolve_ = nullptr;
    resolve_->ended.wake_all();
  }
  void fail_with(const Error& error) {
    if (!resolve_->done && !is_personal(error.kind)) resolve_->error = error;
    end();
  }

 private:
  RangeReader& reader_;
  std::shared_ptr<Resolve> resolve_;
};

HttpRequest RangeReader::request_for(const Link& link, ByteRange rest) const {
  HttpRequest request;
  request.url = link.url;
  request.options = options_;
  request.send_credentials = link.credentials;
  request.bulk = true;
  request.headers.emplace_back("Range", fmt::format("bytes={}-{}", rest.offset, rest.end() - 1));
  return request;
}

RangeExpectation RangeReader::expectation(const HttpRequest& request, bool redirected, ByteRange rest) const {
  RangeExpectation expected;
  expected.version = version_;
  expected.source = fmt::format("{}/{}/{}", self_, redirected ? "redirect" : "direct",
                                authority_of(request.url).value_or(std::string()));
  expected.wanted = rest;
  expected.epoch = version_->epoch();
  expected.etags = etags_;
  return expected;
}

void RangeReader::keep(const HttpRequest& request, bool redirected) {
  link_ = std::make_shared<Link>();
  link_epoch_ = version_->epoch();
  link_->url = request.url;
  link_->redirected = redirected;
  location_->direct = !redirected;
  link_->credentials = request.send_credentials;
}

// A link without a query has no signature that could expire: the same one again is no sign of a cache.
void RangeReader::notice_cache(const ResponseHead& redirect, const std::string& target) {
  const bool again = target == expired_ && target.find('?') != std::string::npos;
  if (again || is_from_cache(redirect)) http_.redirect_was_cached(url_);
}

Task<Result<void>> RangeReader::read(ByteRange range, ByteSink& sink, RequestContext& why) {
  why.served_by = self_;
  int refusals = 0;
  Breaks breaks;
  while (sink.position() < range.end()) {
    // A first refusal may come from a link that another read has renewed meanwhile; after a second one this
    // read resolves for itself.
    const bool own = refusals > 1;
    if (link_epoch_ != version_->epoch()) link_ = nullptr;
    if (!own && !location_->direct) {
      const Result<void> waited = co_await wait_for_resolve(why);
      if (!waited) co_return waited;
    }
    const ByteRange rest(sink.position(), range.end() - sink.position());
    Result<void> step;
    Attempt attempt;
    if (link_ && !own) {
      step = co_await read_from_link(rest, sink, why, refusals, attempt);
    } else {
      step = co_await read_resolving(rest, sink, why, attempt);
      refusals = 0;
    }
    if (!step && !breaks.may_go_on_after(attempt.broken_off)) co_return step;
  }
  co_return Result<void>();
}

Task<Result<void>> RangeReader::wait_for_resolve(RequestContext& why) {
  Clock* clock = http_.clock();
  while (!link_ && resolve_) {
    const std::shared_ptr<Resolve> resolve = resolve_;
    while (!resolve->done) {
      if (clock == nullptr || !why.deadline) {
        co_await resolve->ended.wait();
      } else if (!co_await resolve->ended.wait_until(*clock, *why.deadline)) {
        co_return fail(ErrorKind::timed_out, fmt::format("GET {}: no answer in time", without_secrets(url_)));
      }
    }
    if (resolve->error) co_return std::unexpected<Error>(*resolve->error);
  }
  co_return Result<void>();
}

Task<Result<void>> RangeReader::read_from_link(ByteRange rest, ByteSink& sink, RequestContext& why,
                                               int& refusals, Attempt& attempt) {
  const std::shared_ptr<Link> link = link_;
  HttpRequest request = request_for(*link, rest);
  const Result<void> end =
      co_await fetch(std::move(request), link->redirected, rest, sink, why, attempt, nullptr);
  if (end || attempt.accepted || !link->redirected) co_return end;
  forget(link);
  if (!attempt.refused) co_return end;
  expired_ = link->url;
  ++refusals;
  co_return Result<void>();
}

Task<Result<void>> RangeReader::read_resolving(ByteRange rest, ByteSink& sink, RequestContext& why,
                                               Attempt& attempt) {
  ResolveTurn turn(*this);
  Link original;
  original.url = url_;
  HttpRequest request = request_for(original, rest);
  request.headers.emplace_back("Cache-Control", "no-cache");
  const Result<void> end = co_await fetch(std::move(request), false, rest, sink, why, attempt, &turn);
  if (!end) turn.fail_with(end.error());
  co_return end;
}

Task<Result<void>> RangeReader::fetch(HttpRequest request, bool redirected, ByteRange rest, ByteSink& sink,
                                      RequestContext& why, Attempt& attempt, ResolveTurn* turn) {
  bool is_news = turn != nullptr;
  const std::function<void()> on_accepted = [&] {
    attempt.accepted = true;
    if (is_news) keep(request, redirected);
    if (turn != nullptr) turn->end();
  };
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    RangeExpectation expected = expectation(request, redirected, rest);
    expected.sequential = why.sequential_fallback;
    RangeBody body(std::move(expected), sink, on_accepted);
    HttpRequest copy = request;
    const Result<ResponseHead> head = co_await http_.send(std::move(copy), body, why);
    if (body.complete()) co_return Result<void>();
    const bool ended = head || is_break(head.error().kind);
    if (redirected && ended && body.broke_off()) attempt.broken_off = request.url;
    if (!head) co_return std::unexpected<Error>(head.error());
    if (body.accepted()) {
      co_return fail(ErrorKind::corrupted, fmt::format("GET {}: the body is too short", head->url));
    }
    if (!is_redirect(head->status)) {
      attempt.refused = is_refusal(head->status);
      co_return std::unexpected<Error>(range_refusal(*head, body.refusal(), version_->size()));
    }
    const Result<void> next = follow_redirect(request, *head, origin_);
    if (!next) co_return std::unexpected<Error>(next.error());
    if (turn != nullptr && hop == 0) notice_cache(*head, request.url);
    request.headers.erase(request.headers.begin() + 1,
                          request.headers.end());  // the Range: a cache in front of the data is welcome
    redirected = true;
    is_news = true;
  }
  co_return fail(ErrorKind::corrupted,
                 fmt::format("GET {}: more than five redirects", without_secrets(url_)));
}

}  // namespace

std::unique_ptr<ObjectReader> make_range_reader(HttpTransport& http,
                                                std::shared_ptr<const HttpOptions> options, std::string url,
                                                std::shared_ptr<Version> version, MemberIndex self,
                                                bool etags, std::shared_ptr<DataLocation> location) {
  return std::make_unique<RangeReader>(http, std::move(options), std::move(url), std::move(version), self,
                                       etags, std::move(location));
}

}  // namespace balancefs
