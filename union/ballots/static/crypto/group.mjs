// The groups of our ballots behind one interface, written multiplicatively as in the Belenios specification
// (section 5 for the finite fields; edwards25519 with byte-reversed hexadecimal points for Ed25519).
//
// Elements are opaque to callers. Every text from outside goes through `parse` or `scalar`, which refuse all but the one
// canonical writing of an element of the prime-order subgroup. BigInt arithmetic takes a time that depends on its
// operands: a program sharing the voter's processor might learn something from it; nobody on the network does.

import { hex, number, sha256 } from "./sha256.mjs";

/** A text that is not what the protocol says it must be; `name` says which rule it broke. */
export class Refused extends Error {
  constructor(name, what) {
    super(`${name}: ${what}`);
    this.name = name;
  }
}

const DECIMAL = /^(0|[1-9][0-9]*)$/;

/** 1/value modulo a prime, 0 < value < modulus. */
export function inverse(modulus, value) {
  let [a, b, x, y] = [value, modulus, 1n, 0n];
  while (b) {
    const times = a / b;
    [a, b, x, y] = [b, a - times * b, y, x - times * y];
  }
  return x < 0n ? x + modulus : x;
}

/** What both groups share: windows, powers, scalars, challenges. */
class Group {
  /** bits: of the group order; the window width trades the making of a table against its use. */
  constructor(name, q, width) {
    this.name = name;
    this.q = q;
    this.width = width;
    this.digits = q.toString().length;
    this.rows = Math.ceil(q.toString(2).length / width);
    this.tables = new Map();
  }

  /** A scalar from its decimal text: 0 ≤ s < q, one writing only. */
  scalar(text) {
    if (typeof text !== "string" || text.length > this.digits || !DECIMAL.test(text)) {
      throw new Refused("scalar-form", "not a plain decimal number");
    }
    const value = BigInt(text);
    if (value >= this.q) throw new Refused("scalar-form", "not below the group order");
    return value;
  }

  /** Any integer, reduced into 0 ≤ s < q. */
  reduce(value) {
    const rest = value % this.q;
    return rest < 0n ? rest + this.q : rest;
  }

  /** base^exponent for any base, exponent ≥ 0 and not reduced (the subgroup check needs q itself). */
  power(base, exponent) {
    const small = [this.identity, base];
    for (let i = 2; i < 16; i += 1) small.push(this.multiply(small[i - 1], base));
    let result = this.identity;
    for (const digit of exponent.toString(16)) {
      for (let i = 0; i < 4; i += 1) result = this.square(result);
      const value = Number.parseInt(digit, 16);
      if (value) result = this.multiply(result, small[value]);
    }
    return result;
  }

  /** Makes the table of a base that will be raised often; yields once a row, so that a caller may pause between rows. */
  *prepare(base) {
    const key = this.text(base);
    if (this.tables.has(key)) return;
    const table = [];
    let first = base;
    for (let row = 0; row < this.rows; row += 1) {
      const multiples = [this.identity, first];
      for (let digit = 2; digit < 2 ** this.width; digit += 1) {
        multiples.push(this.multiply(multiples[digit - 1], first));
      }
      table.push(multiples);
      first = this.multiply(multiples[multiples.length - 1], first);
      yield;
    }
    this.tables.set(key, table);
  }

  /** The function exponent → base^exponent, from the base's table. */
  raise(base) {
    for (const _ of this.prepare(base)); // makes the table now if nobody did before
    const table = this.tables.get(this.text(base));
    const mask = (1n << BigInt(this.width)) - 1n;
    const shift = BigInt(this.width);
    return (exponent) => {
      let rest = this.reduce(exponent);
      let result = this.identity;
      for (let row = 0; row < this.rows; row += 1) {
        result = this.multiply(result, table[row][Number(rest & mask)]);
        rest >>= shift;
      }
      return result;
    };
  }

  /** The element of a text: canonical writing, in the subgroup. `read` alone leaves the subgroup to the caller. */
  parse(text) {
    return this.inSubgroup(this.read(text));
  }

  /** Refuses an element outside the subgroup of order q. */
  inSubgroup(element) {
    if (!this.equal(this.power(element, this.q), this.identity)) {
      throw new Refused("point-subgroup", "not in the prime-order subgroup");
    }
    return element;
  }

  /** H(prefix; elements): SHA-256 of the prefix and the elements parted by commas, as a number mod q. */
  challenge(prefix, elements) {
    return number(sha256(prefix + elements.map((element) => this.text(element)).join(","))) % this.q;
  }
}

const BELENIOS_2048 = {
  p: 0xa3ef2d011fefb1b6e39e568fccdffb0fb7dc7ef3a791b6862791811d21fc35f21e6d36856b428030421f514ed40bfd4c06e092a495af8d79a2f85e0fb11c0ede07dd973f9c53e50930c6e82ac36de1ae3fb8c3aabfff12ce27a5022ddd8912d107435012768a2cdd0a4091d8fa447f6c7ebc15a349fa318a6b4fe17d8d47e843a3e14dfa9b2162f4d7229abe93a188b46b006517d6f6747ebbb29c9ec3099b607f18fb1a8bc858279aa8599411d998d3e3fada9e010840d082d8c31911acdd4a0e7992d0f18cc759cb5de0acf66a3882555bc810941e021b6a4ccfa04ee4008f878affa2375e2999b44f6cef17d707301e59e0e6351e051ed9cec4157646e64fn,
  q: 0xadb6066a73522565f4daa0f2579db7f2f0fa90c2168bc709e20263387d55c491n,
  g: 0x1307c1ab5f295885d7caa3a78a42415e31fd1c5807b61fb1e781878a52230a51988b98c259597f9c5a9dfd001d26ba31d9d8976f01d95a1c8262ee68a0e92cea541e5219e0d0d094301b894236823fe1d4bc04e29f3748aefd4f10d5b1a356a8643e673fd9d215fc8fe5fb9cf9fdb8ea88fdb1a3381a697fdf9c2458570b06d26aef1be365fdd90165f397c6b870df8c1b9e519edcee8bb0f74b7a1615a274ba60a7ea574a61f552d2dde0ce514e0927c4ff49b1964c4a913731ae4268d60d7f22127b6cbba44d453ac8b72fd04e0991b7aeff04867d8724ac638f5f34100d2d47aa680d43771902743d663f42d853c041e1c91fe3823f4bcf284308f1d7e653n,
};

// A safe prime, so that orders can be written into elements: p = 2q + 1.
const RFC_3526_P = 0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffffn;
const RFC_3526_2048 = { p: RFC_3526_P, q: RFC_3526_P >> 1n, g: 2n };

/** Integers modulo p, the subgroup of order q; texts are decimal. */
class FiniteField extends Group {
  constructor(name, { p, q, g }) {
    super(name, q, 5);
    this.p = p;
    this.g = g;
    this.identity = 1n;
  }

  multiply(a, b) {
    return (a * b) % this.p;
  }

  square(a) {
    return (a * a) % this.p;
  }

  invert(a) {
    return inverse(this.p, a);
  }

  equal(a, b) {
    return a === b;
  }

  text(element) {
    return element.toString();
  }

  read(text) {
    if (typeof text !== "string" || text.length > 620 || !DECIMAL.test(text)) {
      throw new Refused("point-form", "not a plain decimal number");
    }
    const element = BigInt(text);
    if (element < 1n || element >= this.p) throw new Refused("point-form", "not between 1 and p − 1");
    return element;
  }
}

/** Points of edwards25519 through noble's point class; texts are the RFC 8032 bytes reversed, in hexadecimal. */
class Edwards extends Group {
  constructor(Point) {
    super("Ed25519", Point.CURVE().n, 4);
    this.Point = Point;
    this.g = Point.BASE;
    this.identity = Point.ZERO;
  }

  multiply(a, b) {
    return a.add(b);
  }

  square(a) {
    return a.double();
  }

  invert(a) {
    return a.negate();
  }

  equal(a, b) {
    return a.equals(b);
  }

  text(element) {
    return hex(element.toBytes().reverse());
  }

  read(text) {
    if (typeof text !== "string" || !/^[0-9a-f]{64}$/.test(text)) {
      throw new Refused("point-form", "not 64 lower-case hexadecimal digits");
    }
    const bytes = Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16)).reverse();
    try {
      return this.Point.fromBytes(bytes, false);
    } catch {
      throw new Refused("point-form", "no canonical point of the curve");
    }
  }
}

const opened = new Map();

/**
 * The group of that name. `loadPoint` resolves to noble's Point class and is asked only for Ed25519, so that a ballot in
 * the finite field never downloads the curve.
 */
export async function openGroup(name, loadPoint) {
  if (!opened.has(name)) {
    if (name === "BELENIOS-2048") opened.set(name, new FiniteField(name, BELENIOS_2048));
    else if (name === "RFC-3526-2048") opened.set(name, new FiniteField(name, RFC_3526_2048));
    else if (name === "Ed25519") opened.set(name, new Edwards(await loadPoint()));
    else throw new Refused("group-known", `no group ${name} here`);
  }
  return opened.get(name);
}

/** A uniform random scalar, by rejection, from the browser's generator. */
export function draw(q) {
  const bits = q.toString(2).length;
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  for (;;) {
    crypto.getRandomValues(bytes);
    bytes[0] &= 0xff >> (8 * bytes.length - bits);
    const value = number(bytes);
    if (value < q) return value;
  }
}
