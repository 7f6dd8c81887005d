package LWP::Authen::Digest;

use 5.014;
use strict;
use warnings;

use parent 'LWP::Authen::Basic';

our $VERSION = '6.68';

# A nonce that the server calls stale says nothing against the password.
sub _reauth {
    my ( $class, $params, $before, $request, $agent ) = @_;
    my $old = $before ? $before->{nonce} : undef;
    return 0 if !defined $params->{stale} || lc $params->{stale} ne 'true';
    return 0 if !defined $old || ( defined $params->{nonce} && $old eq $params->{nonce} );
    delete $agent->{authen_md5_nonce_count}{$old};
    return 1;
}

sub _hash {
    my ( $algorithm, $text ) = @_;
    utf8::encode($text) if !utf8::downgrade( $text, 1 );
    if ( $algorithm =~ /\ASHA-256/i ) { require Digest::SHA; return Digest::SHA::sha256_hex($text) }
    require Digest::MD5;
    return Digest::MD5::md5_hex($text);
}

sub auth_header {
    my ( $class, $user, $password, $request, $agent, $handler ) = @_;
    my $params = $handler->{auth_param};
    my ( $realm, $nonce ) = map { defined $_ ? $_ : '' } @$params{qw(realm nonce)};
    my $algorithm = defined $params->{algorithm} ? $params->{algorithm} : 'MD5';
    my $charset = $params->{charset};
    for ( $user, $password ) {
        $_ = '' if !defined;
        utf8::encode($_) if ( defined $charset && lc $charset eq 'utf-8' ) || /[^\x00-\xFF]/;
    }
    my $uri    = $request->uri->path_query;
    $uri = '/' if !length $uri;
    my $count  = sprintf '%08x', ++$agent->{authen_md5_nonce_count}{$nonce};
    my $random = _hash( 'MD5', join '-', rand, time, $$, $count );
    my ($qop)  = grep { $_ eq 'auth' } map {lc} split /\s*[,;\s]\s*/, defined $params->{qop} ? $params->{qop} : '';

    my $secret = _hash( $algorithm, "$user:$realm:$password" );
    $secret = _hash( $algorithm, "$secret:$nonce:$random" ) if $algorithm =~ /-sess\z/i;
    my $what = _hash( $algorithm, $request->method . ":$uri" );
    my $proof = _hash( $algorithm, join ':', $secret, $nonce, ( defined $qop ? ( $count, $random, $qop ) : () ), $what );

    my @pairs = ( username => $user, realm => $realm, nonce => $nonce, uri => $uri, algorithm => $algorithm, response => $proof );
    push @pairs, opaque => $params->{opaque} if defined $params->{opaque};
    push @pairs, cnonce => $random if defined $qop;
    my @texts;
    while ( my ( $name, $value ) = splice @pairs, 0, 2 ) {
        $value =~ s/(["\\])/\\$1/g;
        push @texts, qq($name="$value");
    }
    push @texts, "qop=$qop", "nc=$count" if defined $qop;
    return 'Digest ' . join ', ', @texts;
}

1;

__END__

=head1 NAME

LWP::Authen::Digest - passwords that are not sent

=head1 DESCRIPTION

Part of L<LWP>. Knows MD5 and SHA-256, each with C<-sess>, and the quality of protection C<auth>.

=cut
