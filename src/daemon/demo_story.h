// The story that `balancefs demo` tells over a running mount: what there is, who serves which file, and a
// storage that dies in the middle of a read. Every step is checked; the first that does not hold ends the
// story with an error.
//
// A flow on the loop. What blocks (it reads through the mount that the same loop serves) runs on the worker
// thread.
#pragma once

#include <string>
#include <vector>

#include "base/worker_thread.h"
#include "daemon/demo_printer.h"
#include "daemon/demo_reading.h"
#include "daemon/demo_stage.h"

namespace balancefs {

class DemoStory {
 public:
  /// `stage` and `out` outlive the worker, whose last job may run on when the story has been cancelled.
  DemoStory(DemoStage& stage, DemoPrinter& out, WorkerThread& worker, Clock& clock);
  ~DemoStory();
  DemoStory(const DemoStory&) = delete;
  DemoStory& operator=(const DemoStory&) = delete;

  Task<Result<void>> run();

 private:
  Task<Result<void>> look_around();
  Task<Result<void>> read_three_files();
  Task<Result<void>> survive_a_death();

  Task<Result<DemoReading>> read(std::string path);
  Task<Result<std::string>> checksum(std::string path);
  /// The names of the storages that served bytes of a file.
  std::vector<std::string> served_by(const std::string& path) const;
  void kill_whoever_serves(const std::string& path);
  Result<void> judge_survival(const std::string& path, const DemoReading& reading);
  TimePoint deadline() const;

  DemoStage& stage_;
  DemoPrinter& out_;
  WorkerThread& worker_;
  Clock& clock_;
  const DavServer* victim_ = nullptr;
};

}  // namespace balancefs
