import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends what stands on standard input with Kafka's own client and ends when all of it is acknowledged. One record a
 * line, fields apart by tabs, all but the first two in base64 and "-" for null: topic, timestamp or "-", key, value,
 * then header name and header value by turns.
 */
public class Produce {
  public static void main(String[] args) throws Exception {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", args[0], "acks", "all", "max.block.ms", 20_000, "delivery.timeout.ms", 30_000,
            "request.timeout.ms", 10_000);
    var bytes = new ByteArraySerializer();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (var producer = new KafkaProducer<>(settings, bytes, new ByteArraySerializer())) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        sent.add(producer.send(parse(line.split("\t", -1))));
      }
      for (var one : sent) one.get();
    }
  }

  private static ProducerRecord<byte[], byte[]> parse(String[] fields) {
    Long timestamp = fields[1].equals("-") ? null : Long.valueOf(fields[1]);
    var record = new ProducerRecord<>(fields[0], null, timestamp, decode(fields[2]), decode(fields[3]));
    for (int i = 4; i + 1 < fields.length; i += 2) {
      record.headers().add(new String(decode(fields[i]), StandardCharsets.UTF_8), decode(fields[i + 1]));
    }
    return record;
  }

  private static byte[] decode(String field) {
    return field.equals("-") ? null : Base64.getDecoder().decode(field);
  }
}
