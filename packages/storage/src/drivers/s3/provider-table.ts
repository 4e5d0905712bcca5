/**
 * What is known about the providers of the S3 protocol, as of 2026. Endpoints and regions are from the
 * providers' documentation and from what other tools of the field use; a region may have come or gone.
 * A quirk is `true` or `false` only where the provider documents it, somebody measured it, or (where it
 * only makes us do without something) another tool does without it too. A precondition wrongly taken
 * for honoured loses writes: in doubt it is `probe`. When you correct an entry, say where it was seen.
 */
import type { ProviderConditions, ProviderProfile, ProviderQuirks } from "./provider-profile.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

const PROBE_ALL: ProviderConditions = {
  create: "probe",
  replace: "probe",
  remove: "probe",
  copySource: "probe",
  partSource: "probe",
  complete: "probe",
};

const ALL: ProviderConditions = {
  create: true,
  replace: true,
  remove: true,
  copySource: true,
  // Who says "copies" need not mean those of parts.
  partSource: "probe",
  complete: true,
};

const UNKNOWN: ProviderQuirks = {
  conditions: PROBE_ALL,
  etagQuoting: "probe",
  checksum: "md5",
  etagIsMd5: "probe",
  multipartEtagIsMd5: "probe",
  copyPart: "probe",
  removeManyLimit: 1000,
  removeManyMd5: true,
  maxParts: 10_000,
  maxPartSize: 5 * GIB,
  minPartSize: 5 * MIB,
  equalPartSizes: false,
  listV2: "probe",
  orderedList: true,
  maxObjectSize: 5 * TIB,
  urlEncodingList: "probe",
};

type Entry = Partial<Omit<ProviderProfile, "name" | "label" | "quirks">> & {
  readonly quirks?: Partial<ProviderQuirks>;
};

export const PROVIDERS: readonly ProviderProfile[] = [
  provider("aws", "Amazon Web Services S3", {
    aliases: ["amazon", "s3"],
    endpoint: "https://s3.{region}.amazonaws.com",
    regionEndpoints: {
      "cn-north-1": "https://s3.cn-north-1.amazonaws.com.cn",
      "cn-northwest-1": "https://s3.cn-northwest-1.amazonaws.com.cn",
      "eusc-de-east-1": "https://s3.eusc-de-east-1.amazonaws.eu",
      "us-iso-east-1": "https://s3.us-iso-east-1.c2s.ic.gov",
      "us-iso-west-1": "https://s3.us-iso-west-1.c2s.ic.gov",
      "us-isob-east-1": "https://s3.us-isob-east-1.sc2s.sgov.gov",
    },
    regions: words(`
      us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1
      eu-central-1 eu-central-2 eu-west-1 eu-west-2 eu-west-3 eu-north-1 eu-south-1 eu-south-2
      ap-east-1 ap-east-2 ap-south-1 ap-south-2 ap-northeast-1 ap-northeast-2 ap-northeast-3
      ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6
      ap-southeast-7 af-south-1 il-central-1 me-central-1 me-south-1
      us-gov-east-1 us-gov-west-1 cn-north-1 cn-northwest-1 eusc-de-east-1`),
    // A bucket elsewhere answers with its region, and the client follows.
    defaultRegion: "us-east-1",
    hosts: ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov"],
    quirks: {
      // Conditional deletes since September 2025.
      conditions: { ...ALL, partSource: true },
      etagQuoting: "quoted",
      checksum: "crc32",
      etagIsMd5: true,
      multipartEtagIsMd5: true,
      copyPart: true,
      removeManyMd5: false,
      listV2: true,
      // "50 TB" since December 2025: 10,000 parts of 5 GiB.
      maxObjectSize: 10_000 * 5 * GIB,
      urlEncodingList: true,
    },
  }),
  provider("alibaba", "Alibaba Cloud Object Storage Service (OSS)", {
    aliases: ["oss", "aliyun"],
    endpoint: "https://oss-{region}.aliyuncs.com",
    regions: words(`
      cn-hangzhou cn-shanghai cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-wulanchabu
      cn-shenzhen cn-heyuan cn-guangzhou cn-chengdu cn-hongkong us-west-1 us-east-1
      ap-southeast-1 ap-southeast-3 ap-southeast-5 ap-southeast-6 ap-southeast-7
      ap-northeast-1 ap-northeast-2 eu-central-1 eu-west-1 me-east-1`),
    addressing: "virtual",
    hosts: ["aliyuncs.com"],
    quirks: { multipartEtagIsMd5: false, maxObjectSize: 10_000 * 5 * GIB },
  }),
  provider("arvan", "ArvanCloud Object Storage", {
    aliases: ["arvancloud"],
    endpoint: "https://s3.{region}.arvanstorage.ir",
    regions: words("ir-thr-at1 ir-tbz-sh1"),
    addressing: "path",
    hosts: ["arvanstorage.ir", "arvanstorage.com"],
  }),
  provider("b2", "Backblaze B2", {
    aliases: ["backblaze", "backblazeb2"],
    endpoint: "https://s3.{region}.backblazeb2.com",
    regions: words(`
      us-west-000 us-west-001 us-west-002 us-west-004 us-east-005 eu-central-003 ca-east-006`),
    hosts: ["backblazeb2.com"],
    quirks: {
      // A conditional PUT is 501 NotImplemented (seen 2026-07).
      conditions: { ...PROBE_ALL, create: false, replace: false },
      maxPartSize: 5_000_000_000,
      maxObjectSize: 10_000_000_000_000,
    },
  }),
  provider("ceph", "Ceph RADOS Gateway", {
    aliases: ["rgw", "radosgw"],
    defaultRegion: "us-east-1",
    addressing: "path",
    quirks: { etagIsMd5: true, multipartEtagIsMd5: true, copyPart: true },
  }),
  provider("chinamobile", "China Mobile Ecloud Elastic Object Storage (EOS)", {
    aliases: ["ecloud", "eos"],
    endpoint: "https://eos-{region}.cmecloud.cn",
    regions: words(`
      wuxi-1 jinan-1 ningbo-1 shanghai-1 zhengzhou-1 hunan-1 zhuzhou-1 guangzhou-1 dongguan-1
      beijing-1 beijing-2 beijing-4 huhehaote-1 chengdu-1 chongqing-1 guiyang-1 xian-1`),
    addressing: "path",
    hosts: ["cmecloud.cn"],
  }),
  provider("contabo", "Contabo Object Storage", {
    endpoint: "https://{region}.contabostorage.com",
    regions: words("eu2 usc1 sin1"),
    addressing: "path",
    hosts: ["contabostorage.com"],
  }),
  provider("cubbit", "Cubbit DS3", {
    endpoint: "https://s3.cubbit.eu",
    regions: words("eu-west-1"),
    defaultRegion: "eu-west-1",
    hosts: ["cubbit.eu"],
    quirks: { multipartEtagIsMd5: false },
  }),
  provider("digitalocean", "DigitalOcean Spaces", {
    aliases: ["do", "spaces"],
    endpoint: "https://{region}.digitaloceanspaces.com",
    regions: words("nyc3 sfo2 sfo3 ams3 fra1 lon1 sgp1 syd1 blr1 tor1 atl1"),
    hosts: ["digitaloceanspaces.com"],
  }),
  provider("dreamhost", "DreamHost DreamObjects", {
    aliases: ["dreamobjects"],
    endpoint: "https://objects-{region}.dream.io",
    regions: words("us-east-1"),
    defaultRegion: "us-east-1",
    hosts: ["dream.io"],
  }),
  provider("exoscale", "Exoscale Simple Object Storage", {
    aliases: ["sos"],
    endpoint: "https://sos-{region}.exo.io",
    regions: words("ch-gva-2 ch-dk-2 de-fra-1 de-muc-1 at-vie-1 at-vie-2 bg-sof-1 hr-zag-1"),
    hosts: ["exo.io"],
    quirks: {
      // Put, copy and delete by precondition since August 2025; part copies and completing are not mentioned.
      conditions: { ...ALL, copySource: "probe", complete: "probe" },
    },
  }),
  provider("garage", "Garage", {
    defaultRegion: "garage",
    addressing: "path",
  }),
  provider("gcs", "Google Cloud Storage (interoperability)", {
    aliases: ["google", "googlecloud"],
    endpoint: "https://storage.googleapis.com",
    regions: words("auto"),
    defaultRegion: "auto",
    addressing: "path",
    hosts: ["storage.googleapis.com"],
    quirks: {
      // ETag preconditions are documented for requests that retrieve data; on a PUT they are
      // ignored, and the write succeeds. Writes go by generation, which this dialect has no header for.
      conditions: {
        create: false,
        replace: false,
        remove: false,
        copySource: "probe",
        partSource: false,
        complete: false,
      },
      copyPart: false,
      listV2: true,
      urlEncodingList: true,
    },
  }),
  provider("hetzner", "Hetzner Object Storage", {
    endpoint: "https://{region}.your-objectstorage.com",
    regions: words("fsn1 nbg1 hel1"),
    hosts: ["your-objectstorage.com"],
  }),
  provider("huawei", "Huawei Cloud Object Storage Service (OBS)", {
    aliases: ["obs", "huaweiobs"],
    endpoint: "https://obs.{region}.myhuaweicloud.com",
    regions: words(`
      af-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 cn-east-2 cn-east-3
      cn-north-1 cn-north-4 cn-north-9 cn-south-1 cn-southwest-2 la-north-2 la-south-2 na-mexico-1
      sa-argentina-1 sa-brazil-1 sa-chile-1 sa-peru-1 tr-west-1 me-east-1 ru-northwest-2`),
    hosts: ["myhuaweicloud.com"],
    // Only the listing by marker is documented.
    quirks: { listV2: false, maxObjectSize: 10_000 * 5 * GIB },
  }),
  provider("ibm", "IBM Cloud Object Storage", {
    aliases: ["ibmcos"],
    endpoint: "https://s3.{region}.cloud-object-storage.appdomain.cloud",
    regions: words(`
      us-south us-east eu-de eu-gb eu-es jp-tok jp-osa au-syd ca-tor ca-mon br-sao us eu ap
      ams03 che01 mil01 mon01 par01 sjc04 sng01`),
    addressing: "path",
    hosts: ["appdomain.cloud", "objectstorage.softlayer.net"],
    quirks: { maxObjectSize: 10_000_000_000_000 },
  }),
  provider("idrive", "IDrive e2", {
    aliases: ["idrivee2", "e2"],
    addressing: "path",
    defaultRegion: "us-east-1",
    hosts: ["idrivee2*.com"],
  }),
  provider("impossible", "Impossible Cloud", {
    aliases: ["impossiblecloud"],
    endpoint: "https://{region}.storage.impossibleapi.net",
    regions: words(
      "eu-central-2 eu-west-1 eu-west-2 eu-west-3 eu-east-1 eu-north-1 us-east-1 us-west-1",
    ),
    hosts: ["impossibleapi.net"],
  }),
  provider("ionos", "IONOS Cloud Object Storage", {
    endpoint: "https://s3.{region}.ionoscloud.com",
    regions: words(
      "de eu-central-1 eu-central-2 eu-central-3 eu-central-4 eu-south-2 us-central-1",
    ),
    regionEndpoints: { de: "https://s3.eu-central-1.ionoscloud.com" },
    addressing: "path",
    hosts: ["ionoscloud.com"],
  }),
  provider("leviia", "Leviia Object Storage", {
    endpoint: "https://s3.leviia.com",
    defaultRegion: "us-east-1",
    hosts: ["leviia.com"],
  }),
  provider("liara", "Liara Object Storage", {
    endpoint: "https://storage.iran.liara.space",
    defaultRegion: "us-east-1",
    addressing: "path",
    hosts: ["liara.space"],
    quirks: { multipartEtagIsMd5: false },
  }),
  provider("linode", "Akamai (Linode) Object Storage", {
    aliases: ["akamai"],
    endpoint: "https://{region}.linodeobjects.com",
    regions: words(`
      nl-ams-1 us-southeast-1 in-maa-1 us-ord-1 eu-central-1 id-cgk-1 gb-lon-1 us-lax-1 es-mad-1
      us-mia-1 it-mil-1 us-east-1 jp-osa-1 fr-par-1 br-gru-1 us-sea-1 ap-south-1 sg-sin-1 se-sto-1
      jp-tyo-1 us-iad-1 us-iad-10`),
    hosts: ["linodeobjects.com"],
  }),
  provider("lyve", "Seagate Lyve Cloud", {
    aliases: ["lyvecloud", "seagate"],
    endpoint: "https://s3.{region}.{account}.lyve.seagate.com",
    regions: words("us-west-1 eu-west-1"),
    hosts: ["lyve.seagate.com", "lyvecloud.seagate.com"],
    quirks: { multipartEtagIsMd5: false },
  }),
  provider("magalu", "Magalu Object Storage", {
    endpoint: "https://{region}.magaluobjects.com",
    regions: words("br-se1 br-ne1"),
    addressing: "path",
    hosts: ["magaluobjects.com"],
    quirks: { multipartEtagIsMd5: false },
  }),
  provider("mega", "MEGA S4", {
    aliases: ["megas4", "s4"],
    endpoint: "https://s3.{region}.megas4.com",
    regions: words(`
      eu-luxembourg-1 eu-luxembourg-2 eu-amsterdam-1 eu-amsterdam-2 eu-paris-1 eu-paris-2
      eu-barcelona-1 eu-barcelona-2 ca-montreal-1 ca-montreal-2 ca-vancouver-1 ca-vancouver-2
      ap-tokyo-1 ap-tokyo-2`),
    addressing: "path",
    hosts: ["megas4.com", "s4.mega.io"],
    quirks: { multipartEtagIsMd5: false },
  }),
  provider("minio", "MinIO and AIStor", {
    aliases: ["aistor"],
    defaultRegion: "us-east-1",
    addressing: "path",
    hosts: ["play.min.io"],
  }),
  provider("oracle", "Oracle Cloud Infrastructure Object Storage", {
    aliases: ["oci", "oracleoci"],
    endpoint: "https://{account}.compat.objectstorage.{region}.oraclecloud.com",
    regions: words(`
      us-ashburn-1 us-phoenix-1 us-sanjose-1 us-chicago-1 ca-toronto-1 ca-montreal-1 sa-saopaulo-1
      sa-vinhedo-1 sa-santiago-1 eu-frankfurt-1 eu-amsterdam-1 eu-zurich-1 eu-madrid-1 eu-milan-1
      eu-paris-1 eu-stockholm-1 eu-marseille-1 uk-london-1 uk-cardiff-1 ap-tokyo-1 ap-osaka-1
      ap-seoul-1 ap-chuncheon-1 ap-mumbai-1 ap-hyderabad-1 ap-singapore-1 ap-sydney-1
      ap-melbourne-1 me-jeddah-1 me-dubai-1 me-abudhabi-1 il-jerusalem-1 af-johannesburg-1`),
    addressing: "path",
    hosts: ["oraclecloud.com", "customer-oci.com"],
    quirks: {
      // The native service refuses parts below 10 MiB; larger ones are right in both.
      minPartSize: 10 * MIB,
      maxObjectSize: 10 * TIB,
    },
  }),
  provider("outscale", "OUTSCALE Object Storage", {
    endpoint: "https://oos.{region}.outscale.com",
    regions: words("eu-west-2 us-east-2 us-west-1 cloudgouv-eu-west-1 ap-northeast-1"),
    addressing: "path",
    hosts: ["outscale.com"],
  }),
  provider("ovh", "OVHcloud Object Storage", {
    aliases: ["ovhcloud"],
    endpoint: "https://s3.{region}.io.cloud.ovh.net",
    regionEndpoints: {
      "us-east-va": "https://s3.us-east-va.io.cloud.ovh.us",
      "us-west-or": "https://s3.us-west-or.io.cloud.ovh.us",
    },
    regions: words(`
      gra rbx sbg eu-west-par eu-south-mil de uk waw bhs ca-east-tor sgp ap-southeast-syd
      ap-south-mum us-east-va us-west-or rbx-archive`),
    hosts: ["io.cloud.ovh.net", "io.cloud.ovh.us", "perf.cloud.ovh.net"],
    quirks: {
      // Documented since June 2026 for PutObject, DeleteObject and CompleteMultipartUpload.
      conditions: { ...ALL, copySource: "probe" },
    },
  }),
  provider("petabox", "Petabox", {
    endpoint: "https://s3.{region}.petabox.io",
    regions: words("us-east-1 eu-central-1 ap-southeast-1 me-south-1 sa-east-1"),
    defaultRegion: "us-east-1",
    hosts: ["petabox.io"],
  }),
  provider("qiniu", "Qiniu Object Storage (Kodo)", {
    aliases: ["kodo"],
    endpoint: "https://s3-{region}.qiniucs.com",
    regions: words(
      "cn-east-1 cn-east-2 cn-north-1 cn-south-1 us-north-1 ap-southeast-1 ap-northeast-1",
    ),
    addressing: "path",
    hosts: ["qiniucs.com"],
    quirks: { multipartEtagIsMd5: false },
  }),
  provider("r2", "Cloudflare R2", {
    aliases: ["cloudflare", "cloudflarer2"],
    endpoint: "https://{account}.r2.cloudflarestorage.com",
    regions: words("auto us-east-1"),
    defaultRegion: "auto",
    addressing: "path",
    hosts: ["r2.cloudflarestorage.com"],
    quirks: {
      // UploadPartCopy takes no conditions on its source (Cloudflare's table of the API, 2026-07).
      conditions: { ...PROBE_ALL, partSource: false },
      etagIsMd5: true,
      copyPart: true,
      // Every part but the last must have the same size, copied parts too.
      equalPartSizes: true,
      listV2: true,
      maxObjectSize: 5 * TIB - 5 * GIB,
    },
  }),
  provider("rabata", "Rabata Cloud Storage", {
    endpoint: "https://s3.{region}.rabata.io",
    regions: words("us-east-1 eu-west-1 eu-west-2"),
    hosts: ["rabata.io"],
  }),
  provider("rackcorp", "RackCorp Object Storage", {
    endpoint: "https://{region}.s3.rackcorp.com",
    regionEndpoints: { global: "https://s3.rackcorp.com" },
    regions: words(`
      global au au-nsw au-qld au-vic au-wa ph th hk mn kg id jp sg de us us-east-1 us-west-1 nz`),
    defaultRegion: "global",
    hosts: ["s3.rackcorp.com"],
    quirks: { multipartEtagIsMd5: false },
  }),
  provider("scaleway", "Scaleway Object Storage", {
    aliases: ["scw"],
    endpoint: "https://s3.{region}.scw.cloud",
    regions: words("fr-par nl-ams pl-waw it-mil"),
    hosts: ["scw.cloud"],
    quirks: {
      // PUT and copy by precondition are documented (2026-07).
      conditions: { ...PROBE_ALL, create: true, replace: true },
      maxParts: 1000,
      maxObjectSize: 1000 * 5 * GIB,
    },
  }),
  provider("seaweedfs", "SeaweedFS", {
    aliases: ["seaweed"],
    defaultRegion: "us-east-1",
    addressing: "path",
  }),
  provider("selectel", "Selectel and Servercore Object Storage", {
    aliases: ["servercore"],
    endpoint: "https://s3.{region}.storage.selcloud.ru",
    regions: words("ru-1 ru-3 ru-7 gis-1 kz-1 uz-2"),
    hosts: ["storage.selcloud.ru", "srvstorage.kz", "srvstorage.uz"],
    // All five are documented.
    quirks: { conditions: ALL, copyPart: true },
  }),
  provider("storj", "Storj (hosted gateway)", {
    endpoint: "https://gateway.storjshare.io",
    regions: words("global us1 eu1 ap1"),
    defaultRegion: "us-east-1",
    hosts: ["storjshare.io"],
    // In the order of the encrypted keys, unless the project lets Storj encrypt (documented).
    quirks: { orderedList: false },
  }),
  provider("swift", "OpenStack Swift (s3api)", {
    aliases: ["openstack", "s3api"],
    defaultRegion: "us-east-1",
    addressing: "path",
    quirks: {
      // Every conditional PUT is 501 (measured, 2.30).
      conditions: { ...PROBE_ALL, create: false, replace: false },
      etagIsMd5: true,
      copyPart: true,
      listV2: true,
      urlEncodingList: true,
    },
  }),
  provider("synology", "Synology C2 Object Storage", {
    aliases: ["c2", "synologyc2"],
    endpoint: "https://{region}.s3.synologyc2.net",
    regions: words("eu-001 eu-002 us-001 us-002 tw-001"),
    hosts: ["s3.synologyc2.net"],
    quirks: { multipartEtagIsMd5: false },
  }),
  provider("tencent", "Tencent Cloud Object Storage (COS)", {
    aliases: ["cos", "tencentcos", "qcloud"],
    endpoint: "https://cos.{region}.myqcloud.com",
    regions: words(`
      ap-beijing ap-nanjing ap-shanghai ap-guangzhou ap-chengdu ap-chongqing ap-hongkong
      ap-singapore ap-jakarta ap-mumbai ap-seoul ap-bangkok ap-tokyo na-siliconvalley na-ashburn
      na-toronto sa-saopaulo eu-frankfurt eu-moscow`),
    addressing: "virtual",
    hosts: ["myqcloud.com", "tencentcos.cn"],
    quirks: { multipartEtagIsMd5: false, listV2: false, maxObjectSize: 10_000 * 5 * GIB },
  }),
  provider("tigris", "Tigris", {
    aliases: ["tigrisdata", "fly"],
    endpoint: "https://t3.storage.dev",
    regions: words("auto"),
    defaultRegion: "auto",
    hosts: ["t3.storage.dev", "fly.storage.tigris.dev"],
    quirks: { conditions: { ...PROBE_ALL, create: true, replace: true }, listV2: true },
  }),
  provider("vultr", "Vultr Object Storage", {
    endpoint: "https://{region}.vultrobjects.com",
    regions: words("ewr1 sjc1 ams1 ams2 blr1 del1 sgp1 lux1"),
    hosts: ["vultrobjects.com"],
  }),
  provider("wasabi", "Wasabi", {
    endpoint: "https://s3.{region}.wasabisys.com",
    regions: words(`
      us-east-1 us-east-2 us-central-1 us-west-1 us-west-2 ca-central-1 eu-central-1 eu-central-2
      eu-west-1 eu-west-2 eu-west-3 eu-south-1 ap-northeast-1 ap-northeast-2 ap-southeast-1
      ap-southeast-2`),
    defaultRegion: "us-east-1",
    hosts: ["wasabisys.com"],
  }),
  provider("yandex", "Yandex Object Storage", {
    endpoint: "https://storage.yandexcloud.net",
    regions: words("ru-central1"),
    defaultRegion: "ru-central1",
    hosts: ["storage.yandexcloud.net"],
  }),
  // No name can stand before the host of a server that somebody runs, so its buckets stand in the path.
  provider("other", "Any other server", { defaultRegion: "us-east-1", addressing: "path" }),
];

function provider(name: string, label: string, entry: Entry): ProviderProfile {
  return {
    name,
    label,
    aliases: entry.aliases ?? [],
    endpoint: entry.endpoint,
    regionEndpoints: entry.regionEndpoints ?? {},
    regions: entry.regions ?? [],
    defaultRegion: entry.defaultRegion,
    addressing: entry.addressing ?? "auto",
    hosts: entry.hosts ?? [],
    quirks: { ...UNKNOWN, ...entry.quirks },
  };
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
