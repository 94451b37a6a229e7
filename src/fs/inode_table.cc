#include "fs/inode_table.h"

#include <xxhash.h>

#include <cstring>
#include <limits>
#include <new>

namespace balancefs {
namespace {

/// A count that came so far stays there: the node is never forgotten.
constexpr std::uint32_t kForever = std::numeric_limits<std::uint32_t>::max();

constexpr std::size_t kFewestChains = 64;
/// There are at least as many chains as nodes, and at most so many times as many.
constexpr std::size_t kSparse = 8;

}  // namespace

Inode::Inode(std::string_view name, ObjectType type)
    : name_size_(static_cast<std::uint16_t>(name.size() & kLongestName)),
      type_(static_cast<std::uint16_t>(type) & 1u),
      outdated_(0) {
  std::memcpy(reinterpret_cast<char*>(this + 1), name.data(), name.size());
}

Inode::Pointer Inode::make(std::string_view name, ObjectType type) {
  BALANCEFS_CHECK(name.size() <= kLongestName);
  return Pointer(new (::operator new(sizeof(Inode) + name.size())) Inode(name, type));
}

void Inode::Free::operator()(Inode* node) const {
  node->~Inode();
  ::operator delete(node);
}

FileStamp Inode::stamp() const {
  FileStamp stamp;
  stamp.size = size_;
  stamp.etag = etag_;
  stamp.modified = modified_;
  stamp.member = member_;
  return stamp;
}

void Inode::set_stamp(const FileStamp& stamp) {
  size_ = stamp.size;
  etag_ = stamp.etag;
  modified_ = stamp.modified;
  member_ = stamp.member;
}

InodeTable::InodeTable() : slots_(kRoot), chains_(kFewestChains, 0) {
  Inode& root = *slots_.emplace_back(Inode::make("", ObjectType::directory));
  root.slot_ = root.parent_ = kRoot;
  root.references_ = kForever;
  ++size_;
}

Inode* InodeTable::find(std::uint64_t id) {
  const auto slot = static_cast<Slot>(id);
  Inode* node = slot < slots_.size() ? slots_[slot].get() : nullptr;
  return node != nullptr && node->id() == id ? node : nullptr;
}

Inode* InodeTable::current(const Path& path) {
  Inode* node = slots_[kRoot].get();
  std::string_view rest = path.str();
  while (node != nullptr && !rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    node = current(*node, name);
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return node;
}

Inode* InodeTable::current(const Inode& parent, std::string_view name) {
  for (Slot slot = chain(parent.slot_, name); slot != 0; slot = slots_[slot]->next_) {
    Inode& node = *slots_[slot];
    if (node.parent_ == parent.slot_ && node.name() == name) return &node;
  }
  return nullptr;
}

Inode& InodeTable::directory(Inode& parent, std::string_view name) {
  Inode* known = current(parent, name);
  if (known != nullptr && known->type() == ObjectType::directory) return *known;
  return add(parent, name, ObjectType::directory);
}

Inode& InodeTable::new_file(Inode& parent, std::string_view name, const FileStamp& stamp) {
  Inode& node = add(parent, name, ObjectType::file);
  node.set_stamp(stamp);
  return node;
}

Inode& InodeTable::add(Inode& parent, std::string_view name, ObjectType type) {
  Inode* earlier = current(parent, name);
  if (earlier != nullptr) outdate(*earlier);
  const Slot slot = free_slot();
  slots_[slot] = Inode::make(name, type);
  Inode& node = *slots_[slot];
  node.slot_ = slot;
  node.serial_ = ++last_serial_;
  node.parent_ = parent.slot_;
  refer(parent);
  link(node);
  if (++size_ > chains_.size()) resize_chains(2 * chains_.size());
  return node;
}

InodeTable::Slot InodeTable::free_slot() {
  if (free_.empty()) {
    BALANCEFS_CHECK(slots_.size() < std::numeric_limits<Slot>::max());
    slots_.emplace_back();
    return static_cast<Slot>(slots_.size() - 1);
  }
  const Slot slot = free_.back();
  free_.pop_back();
  return slot;
}

Path InodeTable::path(const Inode& node) const {
  std::vector<std::string_view> names;
  for (const Inode* at = &node; at->slot_ != kRoot; at = &parent(*at)) names.push_back(at->name());
  Path path;
  for (auto name = names.rbegin(); name != names.rend(); ++name) path = path.child(*name);
  return path;
}

std::shared_ptr<Version> InodeTable::version(const Inode& node) const {
  const auto found = versions_.find(node.id());
  return found == versions_.end() ? nullptr : found->second;
}

void InodeTable::set_version(const Inode& node, std::shared_ptr<Version> version) {
  versions_.insert_or_assign(node.id(), std::move(version));
}

void InodeTable::outdate(Inode& node) {
  if (node.outdated()) return;
  unlink(node);
  node.outdated_ = 1;
}

void InodeTable::forget(std::uint64_t id, std::uint64_t count) {
  release(find(id), count);
}

void InodeTable::refer(Inode& node) {
  if (node.references_ != kForever) ++node.references_;
}

/// A directory goes with the last node in it where the kernel has forgotten it before.
void InodeTable::release(Inode* node, std::uint64_t count) {
  while (node != nullptr && node->references_ != kForever) {
    node->references_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(count, node->references_));
    if (node->references_ > 0) return;
    outdate(*node);
    versions_.erase(node->id());
    Inode* parent = slots_[node->parent_].get();
    const Slot slot = node->slot_;
    slots_[slot].reset();
    free_.push_back(slot);
    --size_;
    if (chains_.size() > kFewestChains && size_ * kSparse < chains_.size()) resize_chains(chains_.size() / 2);
    node = parent;
    count = 1;
  }
}

InodeTable::Slot& InodeTable::chain(Slot parent, std::string_view name) {
  const std::uint64_t hash = XXH3_64bits_withSeed(name.data(), name.size(), parent);
  return chains_[hash & (chains_.size() - 1)];
}

void InodeTable::link(Inode& node) {
  Slot& first = chain(node.parent_, node.name());
  node.next_ = first;
  first = node.slot_;
}

void InodeTable::unlink(const Inode& node) {
  Slot* place = &chain(node.parent_, node.name());
  while (*place != node.slot_) place = &slots_[*place]->next_;
  *place = node.next_;
}

void InodeTable::resize_chains(std::size_t count) {
  chains_.assign(count, 0);
  chains_.shrink_to_fit();
  for (const auto& node : slots_) {
    if (node != nullptr && !node->outdated()) link(*node);
  }
}

}  // namespace balancefs
