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

/// erfc(x) = exp(-x^2) / (1 + x/2) (c0 + c1 u + ...), u = (x - 2) / (x + 2), on [0, 10.1].
/// Largest error 2^-25.4.
inline constexpr float erfcxScaled[] = {0x1.058672p-1f,   -0x1.5fd38cp-2f, 0x1.1e2dc0p-3f,  -0x1.2a7d86p-6f,
                                        -0x1.604b4cp-7f,  0x1.a5f454p-9f,  0x1.8eca90p-10f, -0x1.7f1778p-12f,
                                        -0x1.15aac4p-12f, -0x1.7cda4cp-16f};

/// tanh(x) = x (1 + z (n0 + n1 z + ...)) / (1 + z (d0 + d1 z + ...)), z = x^2, on [0, 9.01].
/// Largest error 2^-26.6.
inline constexpr float tanhNumerator[] = {0x1.0bfce4p-3f,   0x1.970828p-9f,  0x1.76c14cp-17f,
                                          -0x1.5c6b1ep-26f, 0x1.d2a81ap-35f, -0x1.81bad6p-44f};

inline constexpr float tanhDenominator[] = {0x1.db53c4p-2f, 0x1.916ceap-6f, 0x1.0b32a8p-12f};

/// erf(x) = x (2 / sqrt(pi) + z (n0 + n1 z + ...)) / (1 + z (d0 + d1 z + ...)), z = x^2, on [0, 3.92].
/// Largest error 2^-24.2.
inline constexpr float erfNumerator[] = {0x1.6f0522p-3f, 0x1.a46d98p-5f, 0x1.b1184cp-9f, 0x1.234c80p-12f,
                                         0x1.24218cp-19f};

inline constexpr float erfDenominator[] = {0x1.f7f746p-2f, 0x1.c0a352p-4f, 0x1.cbfa1ap-7f, 0x1.151f7ap-10f,
                                           0x1.477a80p-15f};

} // namespace girih::approx
