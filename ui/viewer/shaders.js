// GLSL ES 3.00. Film textures hold unsigned integers, so all filtering is done here, on the film's own grey values.

export const VERTEX = `#version 300 es
void main() {  // one triangle that covers the viewport
  gl_Position = vec4(vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0), 0.0, 1.0);
}`;

// Halves a level: each texel is the rounded mean of four.
export const SHRINK = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D level;
out uint mean;
void main() {
  ivec2 last = textureSize(level, 0) - 1;
  ivec2 at = ivec2(gl_FragCoord.xy) * 2;
  uint sum = 2u;
  for (int i = 0; i < 4; i++) sum += texelFetch(level, min(at + ivec2(i & 1, i >> 1), last), 0).r;
  mean = sum / 4u;
}`;

// One pane: film -> window -> grey, then the positive part of the map over it.
export const PANE = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D fine;      // pyramid level at or above the screen's resolution
uniform usampler2D coarse;    // the next one
uniform vec2 texels;          // film pixels per texel of fine and coarse
uniform float blend;          // 0 = fine only, 1 = coarse only
uniform vec2 corner;          // lower left of the pane on the canvas, device pixels
uniform float paneHeight;     // device pixels
uniform vec2 origin;          // film position of the pane's upper left corner
uniform float filmStep;       // film pixels per device pixel
uniform vec2 filmSize;
uniform vec2 window;          // grey values shown black and white
uniform bool inverted;
uniform sampler2D cells;      // one class per channel
uniform vec4 classMask;
uniform vec4 box;             // film pixels: left, top, right, bottom
uniform float scale;          // logit units at full colour
uniform float opacity;        // 0 = no map
uniform sampler2D colours;
out vec4 colour;

float grey(usampler2D level, vec2 film, float texel) {
  ivec2 last = textureSize(level, 0) - 1;
  vec2 at = film / texel - 0.5;
  ivec2 base = ivec2(floor(at));
  vec2 part = at - vec2(base);
  ivec2 low = clamp(base, ivec2(0), last);
  ivec2 high = clamp(base + 1, ivec2(0), last);
  float upper = mix(float(texelFetch(level, low, 0).r), float(texelFetch(level, ivec2(high.x, low.y), 0).r), part.x);
  float lower = mix(float(texelFetch(level, ivec2(low.x, high.y), 0).r), float(texelFetch(level, high, 0).r), part.x);
  return mix(upper, lower, part.y);
}

float heat(vec2 film) {
  ivec2 size = textureSize(cells, 0);
  vec2 at = (film - box.xy) / (box.zw - box.xy) * vec2(size) - 0.5;
  ivec2 base = ivec2(floor(at));
  vec2 part = at - vec2(base);
  ivec2 low = clamp(base, ivec2(0), size - 1);
  ivec2 high = clamp(base + 1, ivec2(0), size - 1);
  float upper = mix(dot(texelFetch(cells, low, 0), classMask), dot(texelFetch(cells, ivec2(high.x, low.y), 0), classMask), part.x);
  float lower = mix(dot(texelFetch(cells, ivec2(low.x, high.y), 0), classMask), dot(texelFetch(cells, high, 0), classMask), part.x);
  return mix(upper, lower, part.y);
}

void main() {
  vec2 pane = vec2(gl_FragCoord.x - corner.x, paneHeight - (gl_FragCoord.y - corner.y));
  vec2 film = origin + pane * filmStep;
  if (any(lessThan(film, vec2(0.0))) || any(greaterThanEqual(film, filmSize))) {
    colour = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  float value = grey(fine, film, texels.x);
  if (blend > 0.0) value = mix(value, grey(coarse, film, texels.y), blend);
  float shown = clamp((value - window.x) / (window.y - window.x), 0.0, 1.0);
  vec3 result = vec3(inverted ? 1.0 - shown : shown);
  if (opacity > 0.0 && all(greaterThanEqual(film, box.xy)) && all(lessThan(film, box.zw))) {
    float relative = clamp(heat(film) / scale, 0.0, 1.0);
    vec3 tint = texture(colours, vec2((relative * 255.0 + 0.5) / 256.0, 0.5)).rgb;
    result = mix(result, tint, opacity * relative);
  }
  colour = vec4(result, 1.0);
}`;
