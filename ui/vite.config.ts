import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.SLIPSTREAM_URL ?? "http://127.0.0.1:8080";
const proxied = Object.fromEntries(["/api", "/auth", "/ui", "/docs"].map((path) => [path, server]));

const OUT = "../src/slipstream/api/ui/dist";
// Below /assets there are screens.
const ASSETS = "static";
const LEAST_BYTES = 1024;

/** Puts a compressed copy beside every file that is worth it, for the server to send. */
const compressed = (): Plugin => ({
  name: "compressed",
  apply: "build",
  closeBundle() {
    const folder = join(import.meta.dirname, OUT, ASSETS);
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const content = readFileSync(path);
      if (/\.(js|css|svg)$/.test(name) && content.length > LEAST_BYTES) {
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    }
  },
});

export default defineConfig({
  base: "./",
  plugins: [react(), compressed()],
  build: {
    outDir: OUT,
    assetsDir: ASSETS,
    emptyOutDir: true,
    target: "es2022",
    // These know light-dark(); for older ones its colours would be lost.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    sourcemap: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Few files come sooner than many: what every screen needs is one.
            {
              name: "kit",
              test: /node_modules\/@mantine\/(core|hooks|notifications)\//,
              priority: 2,
            },
            { name: "kit", test: /node_modules\/(@tabler|@floating-ui|clsx)\//, priority: 2 },
            {
              name: "base",
              test: /node_modules\/(react|react-dom|scheduler|openapi-fetch|@tanstack\/(react-)?(query|router|history|store|virtual)[\w-]*)\//,
              priority: 1,
            },
            { name: "app", tags: ["$initial"], priority: 0 },
          ],
        },
      },
    },
    chunkSizeWarningLimit: 1700,
  },
  server: { proxy: proxied },
  // The tests that read all sources take long on a machine that is busy.
  test: { environment: "node", include: ["src/**/*.test.ts"], testTimeout: 120_000 },
});
