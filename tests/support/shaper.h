// A loopback TCP proxy in front of a real server: round-trip time, bandwidth, faults, counts.
//
// Runs on a thread of its own and shares nothing with the code under test. Faults may be switched while
// requests run. It understands plain HTTP/1.1 without pipelining; TLS passes through with latency, bandwidth,
// refuse, reset and stall only. All methods may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace balancefs::test {

struct ShaperSettings {
  std::chrono::nanoseconds round_trip{0};  ///< once per connection made and once per answer
  std::uint64_t per_connection = 0;        ///< bytes per second towards the client; 0: unlimited
  std::uint64_t in_all = 0;                ///< the same for all connections together

  ShaperSettings() = default;
};

enum class ShaperFault : std::uint8_t {
  none,
  refuse,        ///< as if the server were gone: connections are reset, new ones refused
  reset,         ///< connections are reset, new ones too as soon as they ask for something
  stall,         ///< nothing moves any more, connections stay
  cut,           ///< answers end after `argument` bytes of their body
  unavailable,   ///< 503 without Retry-After
  throttled,     ///< 429 with Retry-After: `argument` seconds
  not_found,     ///< 404 to everything
  wrong_range,   ///< Content-Range is off by one
  ignore_range,  ///< 200 with the whole file
  other_etag,    ///< another ETag than the server's
};

struct ShaperCounts {
  std::atomic<std::uint64_t> connections{0};  ///< accepted
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> most_open{0};
  std::atomic<std::uint64_t> requests{0};  ///< seen, whoever answered
  std::atomic<std::uint64_t> bytes{0};     ///< sent to clients
};

class Shaper {
 public:
  /// Listens on 127.0.0.1 (port 0: any free one) and connects to 127.0.0.1:target_port.
  explicit Shaper(int target_port, ShaperSettings settings = ShaperSettings(), int listen_port = 0);
  Shaper(const Shaper&) = delete;
  Shaper& operator=(const Shaper&) = delete;
  ~Shaper();

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// In force when it returns; for answers under way, from the next byte on where the fault allows that.
  void set_fault(ShaperFault fault, std::uint64_t argument = 0);
  void set_settings(ShaperSettings settings);
  const ShaperCounts& counts() const;
  /// Connections over which bytes came in the last `window`, or that wait for an answer.
  std::uint64_t busy(std::chrono::nanoseconds window);

 private:
  class Listener;

  std::shared_ptr<Listener> listener_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace balancefs::test
