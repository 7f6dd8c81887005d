use strict;
use warnings;

use Test::More;
use lib 't/lib';
use CPANBridge;
use CPANBridge::JSON;
use FakeDaemon;

# Replays the conversations of corpus/ with the client's real code; the daemon is played from the file. Their form is
# described in corpus/README.

sub decoded { my ($text) = @_; return CPANBridge::JSON::decode($text) }

sub matches {
    my ( $seen, $wanted ) = @_;
    return !defined $seen if !defined $wanted;
    return 1 if !ref $wanted && $wanted eq '*';
    return 0 if !defined $seen;
    if ( ref $wanted eq 'HASH' ) {
        return 0 if ref $seen ne 'HASH';
        my %fields = %$wanted;
        my $more   = delete $fields{'...'};
        return 0 if !$more && keys %$seen != keys %fields;
        return !grep { !exists $seen->{$_} || !matches( $seen->{$_}, $fields{$_} ) } keys %fields;
    }
    if ( ref $wanted eq 'ARRAY' ) {
        return 0 if ref $seen ne 'ARRAY' || @$seen != @$wanted;
        return !grep { !matches( $seen->[$_], $wanted->[$_] ) } 0 .. $#$wanted;
    }
    return CPANBridge::JSON::encode($seen) eq CPANBridge::JSON::encode($wanted);
}

my $replayed = 0;
for my $file ( sort glob 'corpus/*.txt' ) {
    open my $in, '<', $file or die "$file: $!";
    my %said;
    while ( my $line = <$in> ) {
        chomp $line;
        my ( $word, $rest ) = split / /, $line, 2;
        $said{$word} = $rest if $word ne '#';
    }
    next if !exists $said{call};
    $replayed++;
    my $wanted_request = decoded( decoded_text( $said{send} ) );
    my $answer         = $said{answer};

    # The daemon's part: checks what came (the answer to a wrong request is a wrong answer) and says its line.
    my $fake = FakeDaemon->new(
        sub {
            my ($connection) = @_;
            my $line = <$connection>;
            my $request = decoded($line);
            my %about = map { $_ => 1 } qw(request_id timeout client_version perl_caller);
            my @unlike = grep { !$about{$_} && !matches( $request->{$_}, $wanted_request->{$_} ) } keys %$request, keys %$wanted_request;
            my $said = decoded($answer);
            $said->{request_id} = $request->{request_id};
            $said = { success => 0, error => "unexpected: @unlike", request_id => $request->{request_id} } if @unlike;
            print {$connection} CPANBridge::JSON::encode($said), "\n";
        }
    );
    my ( $module, $function, $params ) = split / /, $said{call}, 3;
    my $bridge = CPANBridge->new( socket => $fake->socket, timeout => 10, retries => 0 );
    my $seen = $bridge->call_python( $module, $function, $params eq '-' ? () : decoded($params) );
    ok( matches( $seen, decoded( $said{sees} ) ), $file ) or diag explain $seen;
}
cmp_ok( $replayed, '>=', 15, 'conversations were replayed' );

# A JSON string whose text is JSON in turn: bytes again.
sub decoded_text { my ($text) = @_; $text = decoded($text); utf8::encode($text); return $text }

done_testing;
