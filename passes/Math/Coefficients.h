// Written by coefficients.py; do not edit.
#pragma once

namespace girih::approx {

/// exp(r) = 1 + r + r^2 (c0 + c1 r + ...) on [-ln 2, ln 2].
/// Largest error 2^-26.0.
inline constexpr float expTail[] = {0x1.00000cp-1f, 0x1.555514p-3f,  0x1.5549eep-5f,
                                    0x1.1126d8p-7f, 0x1.71bf5ep-10f, 0x1.9bafd4p-13f};

/// 2^r = 1 + r (c0 + c1 r + ...) on [-1, 1].
/// Largest error 2^-26.2.
inline constexpr float exp2Tail[] = {0x1.62e432p-1f,  0x1.ebfbf8p-3f,  0x1.c6af9ep-5f, 0x1.3b1fe8p-7f,
                                     0x1.5dbe50p-10f, 0x1.481d2ap-13f, 0x1.f4a122p-17f};

/// expm1(r) = r + r^2 (c0 + c1 r + ...) on [-ln 2 / 2, ln 2 / 2].
/// Largest error 2^-26.1.
inline constexpr float expm1Tail[] = {0x1.fffffep-2f, 0x1.5554b4p-3f, 0x1.5556f6p-5f, 0x1.122536p-7f,
                                      0x1.6b97bcp-10f};

/// log(1 + r) = r + r^2 (-1/2 + r (c0 + c1 r + ...)) on [-1/3, 1/3].
/// Largest error 2^-27.7.
inline constexpr float log1pTail[] = {0x1.555506p-2f, -0x1.fffefap-3f, 0x1.99d054p-3f, -0x1.559c54p-3f,
                                      0x1.1ed504p-3f, -0x1.f335d6p-4f, 0x1.1e6edep-3f, -0x1.07bc1ep-3f};

/// log2(1 + r) = r (c0 + c1 r + ...) on [-1/3, 1/3].
/// Largest error 2^-33.2.
inline constexpr double log2Double[] = {0x1.715476521cab2p+0,  -0x1.7154764ba93c1p-1, 0x1.ec70a3dc18cc9p-2,
                                        -0x1.71548455ed623p-2, 0x1.27744d09bce52p-2,  -0x1.ec68bc576fde5p-3,
                                        0x1.a6d17a0b4df48p-3,  -0x1.7245429ae4da6p-3, 0x1.3c0f631651db2p-3,
                                        -0x1.19b3d6b77b041p-3, 0x1.689c63d96906ap-3,  -0x1.5396953a78c6dp-3};

/// sin(r) = r + r z (c0 + c1 z + ...), z = r^2, on [0, pi/4].
/// Largest error 2^-27.9.
inline constexpr float sinTail[] = {-0x1.555546p-3f, 0x1.110778p-7f, -0x1.995408p-13f};

/// cos(r) = 1 - z/2 + z^2 (c0 + c1 z + ...), z = r^2, on [0, pi/4].
/// Largest error 2^-33.0.
inline constexpr float cosTail[] = {0x1.55554ap-5f, -0x1.6c0c2ap-10f, 0x1.99e912p-16f};

/// atan(r) = r + r z (c0 + c1 z + ...), z = r^2, on [0, 1].
/// Largest error 2^-28.5.
inline constexpr float atanTail[] = {-0x1.55553ep-2f, 0x1.9991e6p-3f,  -0x1.2420b6p-3f,
                                     0x1.c08f64p-4f,  -0x1.58155cp-4f, 0x1.da5ebep-5f,
                                     -0x1.fdfbc4p-6f, 0x1.64c134p-7f,  -0x1.d496bap-10f};

/// asin(r) = r + r z (c0 + c1 z + ...), z = r^2, on [0, 1/2].
/// Largest error 2^-27.6.
inline constexpr float asinTail[] = {0x1.5555c8p-3f, 0x1.330204p-4f, 0x1.747bbap-5f, 0x1.8c3e28p-6f,
                                     0x1.595c92p-5f};

/// sinh(r) = r + r z (c0 + c1 z + ...), z = r^2, on [0, 1].
/// Largest error 2^-31.6.
inline constexpr float sinhTail[] = {0x1.555556p-3f, 0x1.1110e0p-7f, 0x1.a022bcp-13f, 0x1.756c1ep-19f};

/// erfc(x) = exp(-x^2) / (x + 2) (c0 + c1 u + ...), u = (x - 2) / (x + 2), on [1/2, 10.1].
/// Largest error 2^-25.8.
inline constexpr float erfcxScaled[] = {0x1.058672p+0f,   -0x1.5fd386p-1f, 0x1.1e2d80p-2f, -0x1.2a8854p-5f,
                                        -0x1.6006b6p-6f,  0x1.a811dep-8f,  0x1.84b4fep-9f, -0x1.9eea82p-11f,
                                        -0x1.bae196p-12f, -0x1.bc40d6p-16f};

/// erf(x) = x + x (c0 + c1 z + ...), z = x^2, on [0, 3/2].
/// Largest error 2^-26.0.
inline constexpr float erfTail[] = {0x1.06eba6p-3f, -0x1.81270ap-2f,  0x1.ce2672p-4f,  -0x1.b7b23ep-6f,
                                    0x1.52fb4ep-8f, -0x1.a5b30ep-11f, 0x1.81a68ep-14f, -0x1.7b3946p-18f};

/// erfc(x) = c0 + c1 t + ..., t = x - 11/4, on [3/2, 4]; the error is absolute.
/// Largest error 2^-26.6.
inline constexpr float erfcFar[] = {0x1.a60beep-14f, -0x1.33534ep-11f, 0x1.a69e4ap-10f,  -0x1.6a0cc4p-9f,
                                    0x1.ab2c1ap-9f,  -0x1.67f51ep-9f,  0x1.b18ce6p-10f,  -0x1.5deed4p-11f,
                                    0x1.8f8486p-14f, 0x1.8d3cdcp-14f,  -0x1.004a5ep-14f, 0x1.b81d28p-19f,
                                    0x1.2499cep-18f};

/// erf(x) = x + x (c0 + c1 z + ...), z = x^2, on [0, 1].
/// Largest error 2^-56.9.
inline constexpr double erfTailDouble[] = {
    0x1.06eba8214db68p-3,  -0x1.812746b0379c1p-2,  0x1.ce2f21a040f66p-4,  -0x1.b82ce31203772p-6,
    0x1.565bccfa44156p-8,  -0x1.c02db0665e53dp-11, 0x1.f9a2be4f731a1p-14, -0x1.f4ca838adb73bp-17,
    0x1.b981d78881a5dp-20, -0x1.5c131500d3f88p-23, 0x1.d76af6ca49787p-27, -0x1.ac9585a44fe29p-31};

/// erfc(x) = exp(-x^2) / (x + 2) (c0 + c1 u + ...), u = (x - 2) / (x + 2), on [1/2, 28].
/// Largest error 2^-59.0.
inline constexpr double erfcxScaledDouble[] = {
    0x1.058671b52c776p+0,   -0x1.5fd386754eff9p-1,  0x1.1e2deea6b1175p-2,   -0x1.2a88e6107d6d9p-5,
    -0x1.606e41552a544p-6,  0x1.a89eaff89192dp-8,   0x1.9517bb71657aep-9,   -0x1.b6fbf9b5611f6p-11,
    -0x1.5ba4389992c83p-11, 0x1.205428ab347ddp-15,  0x1.2efa3764424fap-13,  0x1.1e759892e6dccp-15,
    -0x1.6c042b1a0119fp-16, -0x1.0e6eeb486ad51p-16, -0x1.2d578bcfa6ab0p-20, 0x1.e7f70500c62d3p-19,
    0x1.0bf32a2c0ecfcp-19,  0x1.c0b95aa2e6c6bp-26,  -0x1.31981bf3a780bp-21, -0x1.8cbcc4459f8e5p-22,
    0x1.59f4034a7cbd0p-27,  0x1.56d23d34b573ep-23,  0x1.04eee75b44b18p-25,  -0x1.32ec2270c9f73p-25};

} // namespace girih::approx
