#include "fuzz/targets.h"

#include "balancefs/object.h"
#include "storage/http_index/index_wire.h"
#include "storage/webdav/dav_listing.h"
#include "support/sinks.h"

namespace balancefs::test {
namespace {

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return std::string_view(reinterpret_cast<const char*>(data), size);
}

// In two pieces, cut where the data itself says, so that every boundary is tried.
template <class Parser>
void feed(Parser& parser, std::string_view text) {
  const std::size_t cut = text.empty() ? 0 : static_cast<unsigned char>(text.back()) % text.size();
  if (!parser.feed(text.substr(0, cut))) return;
  if (!parser.feed(text.substr(cut))) return;
  static_cast<void>(parser.finish());
}

void check_name(std::string_view name) {
  BALANCEFS_CHECK(Path::valid_name(name));
}

/// No name that could leave the folder, none twice.
class StrictListing final : public ListingSink {
 public:
  Result<void> entry(std::string_view name, const ObjectInfo& info) override {
    check_name(name);
    BALANCEFS_CHECK(listing_.entries.find(std::string(name)) == listing_.entries.end());
    return listing_.entry(name, info);
  }
  void member_done(MemberIndex, const Result<void>&) override {}

 private:
  CollectingListing listing_;
};

}  // namespace

int fuzz_multistatus(const std::uint8_t* data, std::size_t size) {
  StrictListing entries;
  DavListing listing("/fuzz", true, entries);
  listing.set_request_url("http://127.0.0.1:8080/sub/");
  MultistatusParser parser([&](const DavResponse& response) { return listing.add(response); });
  feed(parser, text_of(data, size));
  static_cast<void>(listing.finish());
  return 0;
}

int fuzz_html_index(const std::uint8_t* data, std::size_t size) {
  auto parser = make_html_index_parser("http://127.0.0.1:8080/", [](const IndexEntry& entry) {
    check_name(entry.name);
    return Result<void>();
  });
  feed(*parser, text_of(data, size));
  return 0;
}

int fuzz_json_index(const std::uint8_t* data, std::size_t size) {
  auto parser = make_json_index_parser([](const IndexEntry& entry) {
    check_name(entry.name);
    return Result<void>();
  });
  feed(*parser, text_of(data, size));
  return 0;
}

}  // namespace balancefs::test
