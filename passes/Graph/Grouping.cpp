#include "passes/Graph/Grouping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

using namespace mlir;

namespace girih {

std::string kernelName(ArrayRef<Operation *> ops) {
  constexpr size_t most = 3;
  llvm::SmallSetVector<StringRef, 8> names;
  for (Operation *op : ops)
    if (StringRef name = getNodeName(op->getLoc()); !name.empty()) names.insert(name);
  if (names.empty()) return ops.front()->getName().stripDialect().str();
  std::string text = llvm::join(ArrayRef(names.getArrayRef()).take_front(most), "+");
  if (names.size() > most) text += "+" + std::to_string(names.size() - most) + " more";
  return text;
}

namespace {

/// Bounds what one kernel holds, so that code generation stays linear in long chains.
constexpr size_t largestGroup = 24;

bool isMap(OpRole role) {
  return role == OpRole::Elementwise || role == OpRole::Movement || role == OpRole::Indexed;
}

class Grouper {
public:
  Grouper(Block &block, bool readsInPlace) : readsInPlace(readsInPlace) {
    for (Operation &op : block) {
      index[&op] = ops.size();
      ops.push_back(&op);
    }
  }

  std::deque<Group> run() {
    // Later roots first: an addition of two products joins the later one, and the earlier is not held back.
    // Contractions before rows, since their results are the larger.
    for (Operation *op : llvm::reverse(ops))
      if (getRole(op) == OpRole::Contraction) {
        if (groupOf.contains(op)) continue; // its result is read by one that came before
        Group &group = open(op);
        growEpilogue(group);
        appendTranspose(group);
        addScores(group);
      }
    for (Operation *op : llvm::reverse(ops)) {
      if (groupOf.contains(op)) continue;
      OpRole role = getRole(op);
      if (role == OpRole::Pool || role == OpRole::Row) growEpilogue(open(op));
      if (role == OpRole::Alone) open(op);
    }
    // Readers are visited before what they read, so each op knows whether it has one group of readers.
    for (Operation *op : llvm::reverse(ops))
      if (!groupOf.contains(op) && isMap(getRole(op)) && !joinReaders(op)) open(op);
    for (Group &group : groups)
      llvm::sort(group.ops, [&](Operation *a, Operation *b) { return index[a] < index[b]; });
    llvm::sort(groups, [&](const Group &a, const Group &b) { return index[a.exit] < index[b.exit]; });
    return std::move(groups);
  }

private:
  Group &open(Operation *root) {
    Group &group = groups.emplace_back(Group{getRole(root), root, root, {root}});
    groupOf[root] = &group;
    return group;
  }

  void add(Group &group, Operation *op) {
    group.ops.push_back(op);
    groupOf[op] = &group;
  }

  /// Adds element-wise readers as long as they meet again in one value. Nothing that they read can depend on
  /// the group, since all readers of its inner values are in it.
  void growEpilogue(Group &group) {
    SmallVector<DimExpr> dims = getDims(group.exit->getResult(0));
    SmallVector<Operation *> added;            // after the last exit
    llvm::SmallSetVector<Operation *, 4> live; // with readers that may be outside
    llvm::SmallPtrSet<Operation *, 8> inside(group.ops.begin(), group.ops.end());
    live.insert(group.exit);
    if (group.root->getNumResults() != 1) return;
    while (group.ops.size() + added.size() < largestGroup) {
      // The first reader of a live value; a value whose readers are all inside is live no more.
      Operation *next = nullptr;
      for (Operation *v : live)
        for (Operation *user : v->getUsers())
          if (!inside.contains(user) && (!next || index.at(user) < index.at(next))) next = user;
      if (!next || getRole(next) != OpRole::Elementwise || groupOf.contains(next) ||
          getDims(next->getResult(0)) != dims)
        return;
      inside.insert(next);
      added.push_back(next);
      live.insert(next);
      live.remove_if([&](Operation *v) {
        return v != next &&
               llvm::all_of(v->getUsers(), [&](Operation *user) { return inside.contains(user); });
      });
      if (live.size() != 1) continue;
      for (Operation *op : added)
        add(group, op);
      added.clear();
      group.exit = live.front();
    }
  }

  void appendTranspose(Group &group) {
    if (!group.exit->hasOneUse()) return;
    auto transpose = dyn_cast<TransposeOp>(*group.exit->getUsers().begin());
    if (!transpose || !keepsMinor(transpose)) return;
    add(group, transpose);
    group.exit = transpose;
  }

  /// What a product reads through a softmax along its rows, back to the product before it: attention. A part
  /// of the scores at a time stays in the cache, and all of them are never anywhere.
  void addScores(Group &group) {
    auto product = dyn_cast<MatMulOp>(group.root);
    if (!product) return;
    SmallVector<DimExpr> dims = getDims(product.getLhs());
    llvm::SmallSetVector<Operation *, 8> found;
    std::set<size_t> behind; // operators that are read by what has been found
    bool hasSoftmax = false, hasScores = false;
    auto look = [&](Value value) {
      if (Operation *op = value.getDefiningOp(); op && getDims(value) == dims) behind.insert(index.at(op));
    };
    look(product.getLhs());
    // The last first: when one is looked at, all that read it have been.
    while (!behind.empty() && group.ops.size() + found.size() < largestGroup) {
      Operation *op = ops[*behind.rbegin()];
      behind.erase(*behind.rbegin());
      bool isInside = !groupOf.contains(op) && llvm::all_of(op->getUses(), [&](OpOperand &use) {
        return found.contains(use.getOwner()) || use == product.getLhsMutable();
      });
      auto softmax = dyn_cast<SoftmaxOp>(op);
      bool isRows = softmax && !hasSoftmax && int64_t(softmax.getAxis()) + 1 == softmax.getType().getRank();
      bool isScores = isa<MatMulOp>(op) && hasSoftmax && !hasScores;
      if (!isInside || (!isRows && !isScores && getRole(op) != OpRole::Elementwise)) continue;
      found.insert(op);
      hasSoftmax |= isRows, hasScores |= isScores;
      if (!isScores) llvm::for_each(op->getOperands(), look);
    }
    if (hasScores)
      for (Operation *op : found)
        add(group, op);
  }

  static bool keepsMinor(TransposeOp op) {
    ArrayRef<int64_t> p = op.getPermutation();
    return !p.empty() && p.back() == static_cast<int64_t>(p.size()) - 1;
  }

  /// `op` goes into the group that all its readers are in, if each of them takes it.
  bool joinReaders(Operation *op) {
    if (op->use_empty()) return false;
    Group *group = groupOf.lookup(*op->getUsers().begin());
    if (!group || group->ops.size() >= largestGroup) return false;
    for (OpOperand &use : op->getUses())
      if (groupOf.lookup(use.getOwner()) != group || !takes(*group, use, op)) return false;
    add(*group, op);
    return true;
  }

  /// The reader at `use` can compute `producer` where it reads it, and computes no element twice.
  bool takes(const Group &group, OpOperand &use, Operation *producer) const {
    Operation *reader = use.getOwner();
    OpRole role = getRole(producer);
    switch (group.role) {
    case OpRole::Contraction: {
      auto transpose = dyn_cast<TransposeOp>(producer);
      return transpose && isa<MatMulOp>(reader) && use.getOperandNumber() < 2 &&
             (readsInPlace || keepsMinor(transpose));
    }
    case OpRole::Row:
      if (role == OpRole::Indexed && !(readsInPlace && isa<GatherOp>(producer))) return false;
      break;
    case OpRole::Elementwise:
    case OpRole::Movement:
    case OpRole::Indexed:
      break;
    default:
      return false;
    }
    switch (getRole(reader)) {
    case OpRole::Elementwise:
      return getDims(reader->getResult(0)) == getDims(producer->getResult(0));
    case OpRole::Movement:
      return !isa<ExpandOp>(reader);
    case OpRole::Row:
      return use.getOperandNumber() == 0;
    case OpRole::Indexed:
      if (isa<GatherOp, GatherElementsOp, GatherNDOp>(reader) && readsInPlace)
        return use.getOperandNumber() == 1 || isa<CastOp>(producer);
      return isa<PadOp>(reader) && isa<TransposeOp>(producer);
    default:
      return false;
    }
  }

  bool readsInPlace;
  SmallVector<Operation *> ops;
  llvm::DenseMap<Operation *, size_t> index;
  llvm::DenseMap<Operation *, Group *> groupOf;
  std::deque<Group> groups; // pointers to elements stay valid while it grows
};

} // namespace

std::deque<Group> formGroups(Block &block, bool readsInPlace) {
  return Grouper(block, readsInPlace).run();
}

} // namespace girih
