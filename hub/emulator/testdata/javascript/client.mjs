// Uses the official JavaScript client against the local Hub at HUB_URL, as the user of HUB_TOKEN. Each step prints a
// line; the first one that fails ends the program.
import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as client from "@huggingface/hub";

globalThis.crypto ??= webcrypto; // node 18 has it elsewhere
const say = console.log;
console.log = console.debug = () => {}; // the client's own talk

// hub is the client; what is used of it is noted, for the last step.
const used = new Set();
const hub = new Proxy(client, {
  get(target, name) {
    used.add(name);
    return target[name];
  },
});

const hubUrl = process.env.HUB_URL;
const accessToken = process.env.HUB_TOKEN;
const user = process.env.HUB_USER;
const as = { hubUrl, accessToken };
const big = Number(process.env.BIG_FILE ?? 12_000_000);

async function step(name, work) {
  try {
    await work();
  } catch (error) {
    say(`FAILED ${name}: ${error?.stack ?? error}`);
    process.exit(1);
  }
  say(`ok ${name}`);
}

async function all(generator) {
  const list = [];
  for await (const each of generator) list.push(each);
  return list;
}

async function fails(promise, status) {
  await assert.rejects(promise, (error) => error.statusCode === status);
}

const bytes = (n, seed) => {
  const content = new Uint8Array(n);
  for (let i = 0; i < n; i++) content[i] = (i * 31 + seed * 7 + (i >> 9)) & 255;
  return content;
};
const sha256 = (content) => createHash("sha256").update(content).digest("hex");
const text = async (blob) => (blob === null ? null : await blob.text());

await step("whoAmI", async () => {
  const me = await hub.whoAmI(as);
  assert.equal(me.name, user);
  assert.equal(me.type, "user");
  assert.equal(me.auth.accessToken.role, "write");
  assert.equal(me.orgs[0].name, "acme");
  await fails(hub.whoAmI({ hubUrl, accessToken: "hf_wrong" }), 401);
});

const repo = { type: "model", name: `${user}/js-model` };
await step("createRepo", async () => {
  const made = await hub.createRepo({ ...as, repo, private: true, license: "mit" });
  assert.equal(made.repoUrl, `${hubUrl}/${repo.name}`);
  await fails(hub.createRepo({ ...as, repo }), 409);
  await hub.createRepo({ ...as, repo: `datasets/${user}/js-data` });
  await hub.createRepo({ ...as, repo: `spaces/${user}/js-space`, sdk: "static" });
  await hub.createRepo({ ...as, repo: "acme/js-shared" });
});

await step("repoExists and checkRepoAccess", async () => {
  assert.equal(await hub.repoExists({ ...as, repo }), true);
  assert.equal(await hub.repoExists({ ...as, repo: `${user}/nothing` }), false);
  await hub.checkRepoAccess({ ...as, repo });
  await fails(hub.checkRepoAccess({ hubUrl, repo, accessToken: undefined }), 401);
});

await step("uploadFile", async () => {
  const out = await hub.uploadFile({
    ...as,
    repo,
    file: { path: "notes/a b.txt", content: new Blob(["hello"]) },
    commitTitle: "Add notes",
    commitDescription: "some words",
  });
  assert.match(out.commit.oid, /^[0-9a-f]{40}$/);
  assert.equal(out.commit.url, `${hubUrl}/${repo.name}/commit/${out.commit.oid}`);
  assert.equal(await text(await hub.downloadFile({ ...as, repo, path: "notes/a b.txt" })), "hello");
});

const weights = bytes(big, 1);
await step("uploadFile to LFS", async () => {
  await hub.uploadFile({ ...as, repo, file: { path: "weights.bin", content: new Blob([weights]) } });
  const info = await hub.fileDownloadInfo({ ...as, repo, path: "weights.bin" });
  assert.equal(info.size, big);
  assert.equal(info.etag, `"${sha256(weights)}"`);
  const pointer = await text(await hub.downloadFile({ ...as, repo, path: "weights.bin", raw: true }));
  assert.match(pointer, /^version https:\/\/git-lfs.github.com\/spec\/v1\n/);
  const back = await hub.downloadFile({ ...as, repo, path: "weights.bin" });
  assert.equal(sha256(new Uint8Array(await back.arrayBuffer())), sha256(weights));
  const part = back.slice(1000, 2000);
  assert.deepEqual(new Uint8Array(await part.arrayBuffer()), weights.slice(1000, 2000));
});

await step("uploadFiles, many at once", async () => {
  const files = [];
  for (let i = 0; i < 130; i++) files.push({ path: `many/${i % 7}/file-${i}.txt`, content: new Blob([`file ${i}`]) });
  for (let i = 0; i < 3; i++) files.push({ path: `lfs/part-${i}.safetensors`, content: new Blob([bytes(70_000, i)]) });
  await hub.uploadFiles({ ...as, repo, files });
  const listed = await all(hub.listFiles({ ...as, repo, recursive: true, path: "many" }));
  assert.equal(listed.filter((each) => each.type === "file").length, 130);
  assert.equal(listed.filter((each) => each.type === "directory").length, 7);
  const again = await hub.uploadFiles({ ...as, repo, files: files.slice(130) });
  assert.ok(again.commit.oid);
});

await step("uploadFilesWithProgress", async () => {
  const events = await all(
    hub.uploadFilesWithProgress({
      ...as,
      repo,
      files: [{ path: "progress.bin", content: new Blob([bytes(50_000, 9)]) }, { path: "p.txt", content: new Blob(["p"]) }],
    }),
  );
  assert.deepEqual(
    events.filter((each) => each.event === "phase").map((each) => each.phase),
    ["preuploading", "uploadingLargeFiles", "committing"],
  );
  assert.ok(events.some((each) => each.path === "progress.bin" && each.progress === 1));
});

await step("listFiles", async () => {
  const top = await all(hub.listFiles({ ...as, repo }));
  const found = top.find((each) => each.path === "weights.bin");
  assert.equal(found.lfs.oid, sha256(weights));
  assert.equal(found.size, big);
  assert.equal(top.find((each) => each.path === "notes").type, "directory");
  const expanded = await all(hub.listFiles({ ...as, repo, expand: true, path: "notes" }));
  assert.equal(expanded[0].lastCommit.title, "Add notes");
  await fails(all(hub.listFiles({ ...as, repo, path: "no-such-folder" })), 404);
});

await step("pathsInfo and fileExists", async () => {
  const infos = await hub.pathsInfo({ ...as, repo, paths: ["weights.bin", "notes", "missing"], expand: true });
  assert.deepEqual(infos.map((each) => each.path).sort(), ["notes", "weights.bin"]);
  assert.equal(infos.find((each) => each.path === "weights.bin").lfs.size, big);
  assert.ok(infos[0].lastCommit.date instanceof Date);
  assert.equal(await hub.fileExists({ ...as, repo, path: "notes/a b.txt" }), true);
  assert.equal(await hub.fileExists({ ...as, repo, path: "missing" }), false);
  assert.equal(await hub.fileDownloadInfo({ ...as, repo, path: "missing" }), null);
});

await step("listCommits and countCommits", async () => {
  const count = await hub.countCommits({ ...as, repo });
  const commits = await all(hub.listCommits({ ...as, repo, batchSize: 2 }));
  assert.equal(commits.length, count);
  const notes = commits.find((each) => each.title === "Add notes");
  assert.equal(notes.message, "some words");
  assert.deepEqual(notes.authors.map((each) => each.username), [user]);
});

await step("branches", async () => {
  await hub.createBranch({ ...as, repo, branch: "feature/one" });
  await fails(hub.createBranch({ ...as, repo, branch: "feature/one" }), 409);
  await hub.createBranch({ ...as, repo, branch: "feature/one", overwrite: true });
  await hub.createBranch({ ...as, repo, branch: "nothing", empty: true });
  await hub.uploadFile({ ...as, repo, branch: "feature/one", file: { path: "branch.txt", content: new Blob(["b"]) } });
  assert.equal(await hub.fileExists({ ...as, repo, path: "branch.txt", revision: "feature/one" }), true);
  assert.equal(await hub.fileExists({ ...as, repo, path: "branch.txt" }), false);
  await hub.deleteBranch({ ...as, repo, branch: "nothing" });
  await fails(hub.deleteBranch({ ...as, repo, branch: "nothing" }), 404);
  await fails(hub.deleteBranch({ ...as, repo, branch: "main" }), 403);
});

await step("pull request", async () => {
  const out = await hub.uploadFile({
    ...as,
    repo,
    isPullRequest: true,
    commitTitle: "Suggest",
    file: { path: "suggested.txt", content: new Blob(["s"]) },
  });
  const num = Number(out.pullRequestUrl.match(/\/discussions\/(\d+)$/)[1]);
  assert.equal(await hub.fileExists({ ...as, repo, path: "suggested.txt", revision: `refs/pr/${num}` }), true);
  assert.equal(await hub.fileExists({ ...as, repo, path: "suggested.txt" }), false);
  await hub.commit({
    ...as,
    repo,
    branch: `refs/pr/${num}`,
    title: "More",
    operations: [{ operation: "addOrUpdate", path: "more.txt", content: new Blob(["m"]) }],
  });
  assert.equal(await hub.countCommits({ ...as, repo, revision: `refs/pr/${num}` }), (await hub.countCommits({ ...as, repo })) + 2);
});

await step("commit with parentCommit", async () => {
  const [head, before] = await all(hub.listCommits({ ...as, repo }));
  const change = (parentCommit) =>
    hub.commit({
      ...as,
      repo,
      parentCommit,
      title: "On top",
      operations: [{ operation: "addOrUpdate", path: "top.txt", content: new Blob([parentCommit]) }],
    });
  await fails(change(before.oid), 412);
  await change(head.oid);
});

await step("commitIter", async () => {
  const events = [];
  const commits = hub.commitIter({
    ...as,
    repo,
    title: "Step by step",
    operations: [{ operation: "addOrUpdate", path: "steps.bin", content: new Blob([bytes(40_000, 3)]) }],
  });
  let result = await commits.next();
  for (; !result.done; result = await commits.next()) events.push(result.value);
  assert.match(result.value.commit.oid, /^[0-9a-f]{40}$/);
  assert.ok(events.some((each) => each.event === "phase" && each.phase === "committing"));
});

await step("edit a file", async () => {
  const original = new Blob([await text(await hub.downloadFile({ ...as, repo, path: "notes/a b.txt" }))]);
  await hub.commit({
    ...as,
    repo,
    title: "Edit",
    operations: [
      {
        operation: "edit",
        path: "notes/a b.txt",
        originalContent: original,
        edits: [{ start: 0, end: 1, content: new Blob(["J"]) }],
      },
    ],
  });
  assert.equal(await text(await hub.downloadFile({ ...as, repo, path: "notes/a b.txt" })), "Jello");
});

await step("deleteFile and deleteFiles", async () => {
  await hub.deleteFile({ ...as, repo, path: "p.txt" });
  assert.equal(await hub.downloadFile({ ...as, repo, path: "p.txt" }), null);
  await hub.deleteFiles({ ...as, repo, paths: ["many/0/file-0.txt", "many/1/file-1.txt"] });
  assert.equal(await hub.fileExists({ ...as, repo, path: "many/1/file-1.txt" }), false);
});

await step("modelInfo, datasetInfo, spaceInfo", async () => {
  await hub.uploadFile({
    ...as,
    repo,
    file: {
      path: "README.md",
      content: new Blob(["---\nlicense: mit\npipeline_tag: text-generation\ntags: [tiny]\nlibrary_name: transformers\n---\n# Hi\n"]),
    },
  });
  const info = await hub.modelInfo({ ...as, name: repo.name, additionalFields: ["sha", "tags", "author", "cardData", "library_name"] });
  assert.equal(info.name, repo.name);
  assert.equal(info.task, "text-generation");
  assert.equal(info.private, true);
  assert.equal(info.gated, false);
  assert.equal(info.author, user);
  assert.equal(info.library_name, "transformers");
  assert.ok(info.tags.includes("tiny") && info.tags.includes("license:mit"));
  assert.match(info.sha, /^[0-9a-f]{40}$/);
  assert.ok(info.updatedAt instanceof Date && !Number.isNaN(info.updatedAt.getTime()));
  const old = await hub.modelInfo({ ...as, name: repo.name, revision: "feature/one", additionalFields: ["sha"] });
  assert.notEqual(old.sha, info.sha);
  assert.equal((await hub.datasetInfo({ ...as, name: `${user}/js-data` })).downloads, 0);
  const space = await hub.spaceInfo({ ...as, name: `${user}/js-space`, additionalFields: ["runtime", "subdomain"] });
  assert.equal(space.sdk, "static");
  assert.equal(space.subdomain, `${user}-js-space`);
  await fails(hub.modelInfo({ ...as, name: `${user}/nothing` }), 404);
});

await step("listModels, listDatasets, listSpaces", async () => {
  const names = (list) => list.map((each) => each.name);
  assert.deepEqual(names(await all(hub.listModels({ ...as, search: { owner: user } }))), [repo.name]);
  assert.deepEqual(names(await all(hub.listModels({ hubUrl, search: { owner: user } }))), []);
  assert.deepEqual(names(await all(hub.listModels({ ...as, search: { tags: ["license:mit", "tiny"] } }))), [repo.name]);
  assert.deepEqual(names(await all(hub.listModels({ ...as, search: { tags: ["other"] } }))), []);
  assert.deepEqual(names(await all(hub.listModels({ ...as, search: { task: "text-generation", query: "JS-" } }))), [repo.name]);
  const some = await all(hub.listModels({ ...as, sort: "createdAt", limit: 1, additionalFields: ["author", "filePaths"] }));
  assert.equal(some.length, 1);
  assert.ok(Array.isArray(some[0].filePaths));
  assert.deepEqual(names(await all(hub.listDatasets({ ...as, search: { owner: user } }))), [`${user}/js-data`]);
  assert.deepEqual(names(await all(hub.listSpaces({ ...as, search: { owner: user } }))), [`${user}/js-space`]);
});

await step("snapshotDownload and downloadFileToCacheDir", async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "hub-cache-"));
  try {
    const folder = await hub.snapshotDownload({ ...as, repo, cacheDir });
    assert.equal(await readFile(join(folder, "notes/a b.txt"), "utf8"), "Jello");
    assert.equal(sha256(await readFile(join(folder, "weights.bin"))), sha256(weights));
    const one = await hub.downloadFileToCacheDir({ ...as, repo, path: "top.txt", cacheDir });
    assert.ok((await readFile(one, "utf8")).length === 40);
    const cache = await hub.scanCacheDir(cacheDir);
    assert.equal(cache.repos.length, 1);
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
});

await step("parseSafetensorsMetadata", async () => {
  const header = new TextEncoder().encode(
    JSON.stringify({ __metadata__: { format: "pt" }, w: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] } }),
  );
  const file = new Uint8Array(8 + header.length + 24);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  await hub.uploadFile({ ...as, repo, file: { path: "model.safetensors", content: new Blob([file]) } });
  const parsed = await hub.parseSafetensorsMetadata({ ...as, repo, computeParametersCount: true });
  assert.deepEqual(parsed.parameterCount, { F32: 6 });
});

await step("oauthLoginUrl and oauthHandleRedirect", async () => {
  const redirectUrl = "http://localhost:1/back";
  const kept = {};
  const url = new URL(await hub.oauthLoginUrl({ hubUrl, clientId: "js", redirectUrl, localStorage: kept }));
  assert.equal(url.origin + url.pathname, `${hubUrl}/oauth/authorize`);
  const form = new URLSearchParams(url.searchParams);
  form.set("username", user);
  const consent = await fetch(`${hubUrl}/oauth/authorize`, { method: "POST", body: form, redirect: "manual" });
  assert.equal(consent.status, 302);
  const result = await hub.oauthHandleRedirect({ hubUrl, redirectedUrl: consent.headers.get("location"), ...kept });
  assert.equal(result.userInfo.preferred_username, user);
  assert.equal(result.userInfo.orgs[0].name, "acme");
  assert.equal((await hub.whoAmI({ hubUrl, accessToken: result.accessToken })).name, user);
});

await step("jobs", async () => {
  const mine = { ...as, namespace: user };
  const job = await hub.runJob({
    ...mine,
    dockerImage: "python:3.12",
    command: ["python", "-c", "print(1)"],
    flavor: "cpu-basic",
    environment: { A: "1" },
  });
  assert.equal(job.owner.name, user);
  assert.equal((await hub.getJob({ ...mine, jobId: job.id })).dockerImage, "python:3.12");
  assert.deepEqual((await hub.listJobs(mine)).map((each) => each.id), [job.id]);
  const copy = await hub.duplicateJob({ ...mine, jobId: job.id });
  assert.notEqual(copy.id, job.id);
  assert.deepEqual(await all(hub.streamJobLogs({ ...mine, jobId: job.id })), []);
  await hub.cancelJob({ ...mine, jobId: job.id });
  assert.equal((await hub.getJob({ ...mine, jobId: job.id })).status.stage, "CANCELED");
  assert.ok((await hub.listJobHardware(as)).some((each) => each.name === "cpu-basic"));
  await fails(hub.getJob({ ...mine, jobId: "0".repeat(24) }), 404);
  assert.ok(Array.isArray(await all(hub.streamJobEvents({ ...mine, jobId: job.id }))));
  assert.deepEqual(await all(hub.streamJobMetrics({ ...mine, jobId: job.id })), []);
});

await step("scheduled jobs", async () => {
  const mine = { ...as, namespace: user };
  const made = await hub.createScheduledJob({
    ...mine,
    jobSpec: { dockerImage: "python:3.12", command: ["true"], flavor: "cpu-basic" },
    schedule: "@daily",
  });
  assert.equal(made.jobSpec.dockerImage, "python:3.12");
  const one = { ...mine, jobId: made.id };
  await hub.suspendScheduledJob(one);
  assert.equal((await hub.getScheduledJob(one)).suspend, true);
  await hub.resumeScheduledJob(one);
  assert.equal((await hub.getScheduledJob(one)).suspend, false);
  const run = await hub.runScheduledJob(one);
  assert.equal(run.initiator.id, made.id);
  assert.deepEqual((await hub.listScheduledJobs(mine)).map((each) => each.status.lastJob.id), [run.id]);
  await hub.deleteScheduledJob(one);
  await fails(hub.getScheduledJob(one), 404);
});

await step("collections", async () => {
  const item = { type: "model", id: repo.name };
  const { slug } = await hub.createCollection({
    ...as,
    collection: { title: "From JavaScript", namespace: user, description: "some words", item },
  });
  await fails(hub.createCollection({ ...as, collection: { title: "From JavaScript", namespace: user } }), 409);
  const search = { owner: [user], item: [`models/${repo.name}`], q: "javascript" };
  const found = await all(hub.listCollections({ ...as, search, sort: "lastModified" }));
  assert.deepEqual(found.map((each) => each.slug), [slug]);
  assert.equal(found[0].items[0].id, repo.name);
  await hub.deleteCollection({ ...as, slug });
  await fails(hub.deleteCollection({ ...as, slug }), 404);
});

await step("deleteRepo", async () => {
  for (const each of [repo, `datasets/${user}/js-data`, `spaces/${user}/js-space`, "acme/js-shared"]) {
    await hub.deleteRepo({ ...as, repo: each });
  }
  assert.equal(await hub.repoExists({ ...as, repo }), false);
  await fails(hub.deleteRepo({ ...as, repo }), 404);
});

// What the client exports is used above, or has nothing to do with a Hub, or is for what the local Hub does not have.
await step("the whole surface", async () => {
  const apart = new Set([
    // buckets, whose content is on Xet only
    "commitIterBucket", "copyFile", "copyFileIter", "copyFiles", "copyFilesIter", "copyFolder", "copyFolderIter",
    // oauthHandleRedirect for a page in a browser
    "oauthHandleRedirectIfPresent",
    // the folder of a cache
    "getBlobStat", "getHFHubCachePath", "getRepoFolderName", "scanCachedRepo", "scanRefsDir", "scanSnapshotDir",
    // the text of safetensors files and other helpers
    "assertSafeShardFilename", "computeNumOfParamsByDtypeSingleFile", "encodeShardFilename", "getQuantizationMultiplier",
    "globMatch", "isQuantizedTensor", "matchesCompressedTensorsTarget", "parseRepoType", "parseSafetensorsShardFilename",
    "parseTotalParameters", "relativeUnderFolder", "streamJson", "validateTensorEntry", "__internal_sha256",
    "__internal_XetBlob",
  ]);
  const left = Object.entries(client)
    .filter(([name, value]) => typeof value === "function" && /^[a-z_]/.test(name) && !used.has(name) && !apart.has(name))
    .map(([name]) => name);
  assert.deepEqual(left, []);
});
