// Clients of an HTTP server in the same loop: what they send is up to them, and so is whether they read.
#pragma once

#include <array>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <string>

namespace balancefs::test {

class WebClient {
 public:
  WebClient(asio::io_context& loop, std::uint16_t port) : socket_(loop) {
    asio::error_code error;
    socket_.connect(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port), error);
    refused = static_cast<bool>(error);
  }

  /// Waits for what the kernel takes at once only: the loop is the server's as well.
  void send(std::string_view request) {
    asio::error_code error;
    socket_.non_blocking(true, error);
    socket_.write_some(asio::buffer(request), error);
  }
  void get(const std::string& path, const std::string& more = {}) {
    send("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + "\r\n");
  }
  /// From now on everything that comes goes into `text`.
  void receive() {
    socket_.async_read_some(asio::buffer(piece_), [this](const asio::error_code& error, std::size_t count) {
      text.append(piece_.data(), count);
      if (error) {
        ended = true;
      } else {
        receive();
      }
    });
  }
  bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
  std::string status() const { return text.substr(0, text.find("\r\n")); }
  /// With the end of its last line.
  std::string head() const { return text.substr(0, text.find("\r\n\r\n") + 2); }
  std::string body() const { return text.substr(text.find("\r\n\r\n") + 4); }

  std::string text;
  bool ended = false;
  bool refused = false;

 private:
  asio::ip::tcp::socket socket_;
  std::array<char, 65536> piece_{};
};

}  // namespace balancefs::test
