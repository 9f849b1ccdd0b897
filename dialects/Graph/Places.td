// Where values lie: buffers, the places of values in them, and what launches are given.
#ifndef GIRIH_PLACES
#define GIRIH_PLACES

include "dialects/Graph/GraphBase.td"

def Girih_BufferBase : I32EnumAttr<"BufferBase", "what a buffer is part of", [
    I32EnumAttrCase<"arena", 0>, I32EnumAttrCase<"input", 1>, I32EnumAttrCase<"output", 2>, I32EnumAttrCase<"weight", 3>]> {
  let cppNamespace = "::girih";
  let genSpecializedAttr = 0;
}

def Girih_RefAttr : Girih_Attr<"Ref", "ref"> {
  let summary = "where a launch's buffer lies";
  let description = [{ `#girih.ref<arena, 3, #girih.dims<64 * seq>>`: byte offset into arena buffer 3 (input, output: that argument; weight: into the weights). }];
  let parameters = (ins "::girih::BufferBase":$base, "int64_t":$index, "::girih::DimsAttr":$offset);
  let assemblyFormat = "`<` $base `,` $index `,` $offset `>`";
  let genVerifyDecl = 1;
}

def Girih_PlaceAttr : Girih_Attr<"Place", "place"> {
  let summary = "the strided part of a buffer that a value occupies, in elements";
  let description = [{
    `#girih.place<2, offset = #girih.dims<0>, strides = #girih.dims<...>>`: in buffer 2 (numbered by the plan stage; several values may share
    one). One stride a dimension; a constant that another kernel packs is read there, through the `layout` that it has in that one's schedule. `places` of a kernel or a launch, `girih.places` of `func.return`, have one for each operand and then each result.
  }];
  let parameters = (ins "int64_t":$buffer, "::girih::DimsAttr":$offset, "::girih::DimsAttr":$strides,
                        OptionalParameter<"::mlir::AffineMap">:$layout);
  let assemblyFormat = "`<` $buffer `,` `offset` `=` $offset `,` `strides` `=` $strides (`,` `layout` `=` $layout^)? `>`";
  let builders = [AttrBuilder<(ins "int64_t":$buffer, "::girih::DimsAttr":$offset, "::girih::DimsAttr":$strides),
                              [{ return $_get($_ctxt, buffer, offset, strides, ::mlir::AffineMap()); }]>];
  let genVerifyDecl = 1;
}

def Girih_BufferAttr : Girih_Attr<"Buffer", "buffer"> {
  let summary = "what a numbered buffer is";
  let description = [{
    `#girih.buffer<output, 0, #girih.dims<4000>>`: the model's output 0, of 4000 bytes. `@main`'s attribute `girih.buffers` lists them by the
    numbers that places use. `index` counts inputs and outputs; it is 0 for arena buffers and weights.
  }];
  let parameters = (ins "::girih::BufferBase":$base, "int64_t":$index, "::girih::DimsAttr":$bytes);
  let assemblyFormat = "`<` $base `,` $index `,` $bytes `>`";
  let genVerifyDecl = 1;
}

def Girih_PlaceArrayAttr : TypedArrayAttrBase<Girih_PlaceAttr, "#girih.place, one for each operand and then each result">;
def Girih_RefArrayAttr : TypedArrayAttrBase<Girih_RefAttr, "#girih.ref, one for each operand and then each result">;

#endif
