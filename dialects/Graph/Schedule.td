// How a kernel is tiled: loops, stages and schedules. passes/Tile says which fit a kernel, and obeys them.
#ifndef GIRIH_SCHEDULE
#define GIRIH_SCHEDULE

include "dialects/Graph/GraphBase.td"

def Girih_LoopRole : I32EnumAttr<"LoopRole", "what a loop of a schedule is", [
    I32EnumAttrCase<"each", 0>, I32EnumAttrCase<"task", 1>, I32EnumAttrCase<"rows", 2>, I32EnumAttrCase<"lanes", 3>,
    I32EnumAttrCase<"unroll", 4>, I32EnumAttrCase<"threads", 5>]> {
  let cppNamespace = "::girih";
  let genSpecializedAttr = 0;
}

def Girih_LoopAttr : Girih_Attr<"Loop", "loop"> {
  let summary = "one loop of a nest: a dimension, how much of it one step takes, and how";
  let description = [{
    `<d1, 512, task>`: steps of 512 along dimension 1, each a task. `d` are dimensions of the kernel's domain, `k` reduced ones of a stage; both as
    `girih-print-domains` numbers them. Without a role a step is a range that inner loops of the dimension divide further, or one index.

    - `task`: steps are independent tasks; threads take them in any order.
    - `rows`: a step is written out, index by index: the rows of the register tile. Where the dimension's size is not known, what is left behind
      whole steps is done by 4 and fewer, as evenly as can be.
    - `lanes`: a step is whole vectors, lanes along the dimension. In a stage, that is along a reduction: each vector is a sum of its own.
    - `unroll`: a step of a reduction is written out.
    - `threads`: steps are dealt out to the threads of a task's team, one after the other. The innermost loop of its dimension is written out, index by
      index; in a stage, each of a thread's indices has a sum of its own, and the sums of all threads are combined.
  }];
  let parameters = (ins "bool":$reduced, "unsigned":$dim, "int64_t":$size, EnumParameter<Girih_LoopRole>:$role);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Girih_MmaAttr : Girih_Attr<"Mma", "mma"> {
  let summary = "a tile of products, computed by a block's warps on tensor cores";
  let description = [{
    `<rows = 64, columns = 32, step = 32, buffers = 4, left = 8, right = 8>`: a warp has 64 rows and 32 columns of the task's tile. The reduction goes in steps of 32,
    which lie in shared memory, in a ring of 4 buffers. Of the left operand (whose rows the result has) and of the right one 8 elements are copied at once, which
    their places, strides and sizes are multiples of.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "int64_t":$step, "int64_t":$buffers, "int64_t":$left, "int64_t":$right);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Girih_StageAttr : Girih_Attr<"Stage", "stage"> {
  let summary = "where a reduction is computed, and its loops";
  let description = [{
    `<at = 3, nest = [<k0, 1>, <k1, 4, unroll>]>`: inside the first three loops of the result's nest, at each place of the register tile there; the sums
    are in registers.

    `<at = 2, mma = <rows = 64, ...>>`: instead of loops, tensor cores compute what is inside of the two loops, which are the tasks.
  }];
  let parameters = (ins "int64_t":$at, OptionalArrayRefParameter<"LoopAttr">:$nest, OptionalParameter<"MmaAttr">:$mma);
  let builders = [AttrBuilder<(ins "int64_t":$at, "::llvm::ArrayRef<LoopAttr>":$nest), [{ return $_get($_ctxt, at, nest, MmaAttr()); }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Girih_StoredAttr : Girih_Attr<"Stored", "stored"> {
  let summary = "a value that is computed apart, into scratch memory of the thread";
  let description = [{
    `<g1, at = 2, <width = 16, ...>>`: generic 1 of the kernel is computed inside the first two loops of the result's nest, as far as what is inside
    of them reads it, with loops of its own. `at` loops are tasks or divide a dimension, so that the value is computed once.

    `<in0, at = 2, <width = 16, ...>>`: operand 0, as the kernel's product reads it, is copied likewise.

    `<in1, at = 2, layout = affine_map<(d0, d1) -> (d1 floordiv 32, d0, d1 mod 32)>, <width = 16, ...>>`: the part that is there at once lies panel by
    panel of 32 columns, as a constant does that is packed. `d` are the loops of what is stored. Without a layout its rows lie one after the other.
  }];
  let parameters = (ins "bool":$operand, "unsigned":$number, "int64_t":$at, "::mlir::AffineMap":$layout, "::girih::ScheduleAttr":$schedule);
  let builders = [AttrBuilder<(ins "bool":$operand, "unsigned":$number, "int64_t":$at, "::girih::ScheduleAttr":$schedule),
                              [{ return $_get($_ctxt, operand, number, at, ::mlir::AffineMap(), schedule); }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// As the schedule calls it: g1, in0.
    std::string getName() const { return (getOperand() ? "in" : "g") + std::to_string(getNumber()); }
  }];
}

def Girih_PackedAttr : Girih_Attr<"Packed", "packed"> {
  let summary = "an operand that is a constant, rearranged at compile time";
  let description = [{
    `<in1, at = compile, layout = affine_map<(d0, d1) -> (d1 floordiv 32, d0, d1 mod 32)>>`: operand 1, of which d0 are the rows and d1 the columns,
    is stored panel by panel of 32 columns, each row by row. The map goes from indices of the operand, as the kernel reads it, to those of what is
    stored, which is dense: each dimension is there once as a whole, or split by floordiv and mod of one number. What is behind the operand's end in
    the last block is zero.
  }];
  let parameters = (ins "unsigned":$number, "::mlir::AffineMap":$layout);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Girih_ScheduleAttr : Girih_Attr<"Schedule", "schedule"> {
  let summary = "how one domain of a kernel is tiled";
  let description = [{
    Made by a target's plan (or read from `--schedule=`), verified, and obeyed by the tile stage: `docs/schedule.md` explains one line by line.

    ```mlir
    #girih.schedule<width = 16, fma = true, nest = [<d1, 512, task>, <d0, 12, rows>, <d1, 32, lanes>],
                    reductions = [<at = 3, nest = [<k0, 4, unroll>]>]>
    ```

    - `width`: lanes of a vector. `threads`: a task is a team of so many threads, which have scalars (`width = 1`) and share what loops of `threads`
      deal out; 1, which is not printed, where it is not said. `fma`: multiplications and additions are formed into fused ones.
    - `nest`: the loops of the result, outermost first; the tasks come first of all. Loops of one dimension divide each other's steps. Dimensions
      that no reduction depends on come last, behind the reductions. Where the value is a sum, loops of its `k` may be among them: the sum is computed
      block by block, and stands in the value's memory in between.
    - `reductions`: one stage for each, in the order of the domain. What is element-wise is computed where it is read.
    - `stored`: constants that are packed, and then the values that are kept in scratch memory, in the order of computation.
  }];
  let parameters = (ins "int64_t":$width, "int64_t":$threads, "bool":$fma, OptionalArrayRefParameter<"LoopAttr">:$nest,
                    OptionalArrayRefParameter<"StageAttr">:$reductions, OptionalArrayRefParameter<"StoredAttr">:$stored,
                    OptionalArrayRefParameter<"PackedAttr">:$packed);
  let builders = [AttrBuilder<(ins "int64_t":$width, "bool":$fma, "::llvm::ArrayRef<LoopAttr>":$nest, "::llvm::ArrayRef<StageAttr>":$reductions,
                                   "::llvm::ArrayRef<StoredAttr>":$stored, CArg<"int64_t", "1">:$threads),
                              [{ return $_get($_ctxt, width, threads, fma, nest, reductions, stored, ::llvm::ArrayRef<PackedAttr>()); }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The same with these constants packed.
    ScheduleAttr with(::llvm::ArrayRef<PackedAttr> packed) const;
    /// The result's loop with this role, null if there is none.
    LoopAttr getLoop(LoopRole role) const;
    /// How many loops are tasks: the first ones.
    size_t getTaskCount() const;
    /// The dimension that lanes run along, or what a thread of a team has side by side, and the vectors of a register tile; -1 and 1 where none does.
    int64_t getVectorDim() const;
    int64_t getVectors() const;
    /// The dimension of the register tile's rows and how many they are; -1 and 1 where there is none.
    int64_t getRowDim() const;
    int64_t getRows() const;
    /// The loops over blocks of a reduction, which stand among those of the result.
    ::llvm::SmallVector<LoopAttr> getBlocks() const;
    /// How much of a dimension one step inside the first `at` loops takes, nothing where all of it.
    std::optional<int64_t> getStep(int64_t dim, int64_t at) const;
    /// What a step of the innermost loop of a dimension takes.
    int64_t getTile(int64_t dim) const;
    /// How tensor cores compute all of it, null where they do not.
    MmaAttr getMma() const;
  }];
}

def Girih_ScheduleArrayAttr : TypedArrayAttrBase<Girih_ScheduleAttr, "schedules, one for each domain of the kernel">;

def Girih_VariantAttr : Girih_Attr<"Variant", "variant"> {
  let summary = "other schedules of a kernel, for some of the sizes that only a run knows";
  let description = [{
    `#girih.variant<at_most = <n, 3>, schedule = [#girih.schedule<...>]>`: where n is at most 3, the kernel is tiled so. A kernel's `variants` are
    asked in order, once for each set of input shapes; where none holds, `schedule` does.
  }];
  let parameters = (ins "::girih::DimsAttr":$at_most, "::mlir::ArrayAttr":$schedule);
  let assemblyFormat = "`<` `at_most` `=` $at_most `,` `schedule` `=` $schedule `>`";
  let genVerifyDecl = 1;
}

def Girih_VariantArrayAttr : TypedArrayAttrBase<Girih_VariantAttr, "variants, the first whose condition holds first">;

def Girih_LaunchVariantAttr : Girih_Attr<"LaunchVariant", "launch_variant"> {
  let summary = "what a launch runs instead for some of the sizes that only a run knows";
  let description = [{
    `#girih.launch_variant<at_most = <n, 3>, kernel = @k, dims = <n>, tasks = <8>, scratch = <0>>`: where n is at most 3, @k is run, with the launch's
    buffers. What a `#girih.variant` becomes.
  }];
  let parameters = (ins "::girih::DimsAttr":$at_most, "::mlir::FlatSymbolRefAttr":$kernel, "::girih::DimsAttr":$dims, "::girih::DimsAttr":$tasks,
                        "::girih::DimsAttr":$scratch);
  let assemblyFormat = [{ `<` `at_most` `=` $at_most `,` `kernel` `=` $kernel `,` `dims` `=` $dims `,` `tasks` `=` $tasks `,`
                          `scratch` `=` $scratch `>` }];
  let genVerifyDecl = 1;
}

def Girih_LaunchVariantArrayAttr : TypedArrayAttrBase<Girih_LaunchVariantAttr, "#girih.launch_variant, the first whose condition holds first">;

#endif
