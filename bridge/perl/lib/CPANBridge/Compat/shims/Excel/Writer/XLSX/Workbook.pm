package Excel::Writer::XLSX::Workbook;

use 5.014;
use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::Excel::Stream;
use Excel::Writer::XLSX::Chart;
use Excel::Writer::XLSX::Chartsheet;
use Excel::Writer::XLSX::Format;
use Excel::Writer::XLSX::Shape;
use Excel::Writer::XLSX::Worksheet;

our $VERSION = '1.11';

$Carp::Internal{ (__PACKAGE__) }++;

# The workbook itself, among the stream's objects.
my $SELF = 0;

sub new {
    my ( $class, $file, $options ) = @_;
    $options ||= {};
    my ( $handle, $close );
    if ( ref $file || ref \$file eq 'GLOB' ) {
        $handle = $file;
        binmode $handle;
    }
    elsif ( defined $file && $file eq '-' ) {
        $handle = \*STDOUT;
        binmode $handle;
    }
    elsif ( !defined $file || !length $file ) {
        Carp::carp('Filename required by Excel::Writer::XLSX->new()');
        return undef;    ## no critic - as the original does
    }
    else {
        open $handle, '>', $file or return undef;    ## no critic - the same
        binmode $handle;
        $close = 1;
    }
    my %said = ( date_1904 => $options->{date_1904} ? \1 : \0, excel2003_style => $options->{excel2003_style} ? \1 : \0 );
    my $default = $options->{default_format_properties} || {};
    $said{default_format_properties} = { font_name => 'Calibri', font_size => 11, _plain($default) } if %$default;
    $said{max_url_length} = 0 + $options->{max_url_length} if $options->{max_url_length};
    my $stream = CPANBridge::Compat::Excel::Stream->new(%said);
    my $self = bless {
        _filename            => $file,
        _fh                  => $handle,
        _closes              => $close,
        _fileclosed          => 0,
        _stream              => $stream,
        _date_1904           => $options->{date_1904} ? 1 : 0,
        _worksheets          => [],
        _formats             => [],
        _charts              => [],
        _count               => { Sheet => 0, Chart => 0 },
        _custom_colors       => [],
        _strings_to_urls     => exists $options->{strings_to_urls} ? $options->{strings_to_urls} : 1,
        _max_url_length      => $options->{max_url_length} || 2079,
        _optimization        => 0,
    }, $class;
    $self->{_default_format_properties} = $default;
    my $url = $stream->number;
    $stream->call( default_url_format => $SELF, $url );
    $self->{_default_url_format} = Excel::Writer::XLSX::Format->_made( $stream, $url );
    $self->set_optimization if $options->{optimization};
    return $self;
}

# Properties under their plain names: -bold, Bold and bold are the same.
sub _plain {
    my ($properties) = @_;
    return map { my $name = lc; $name =~ s/\A(?:-|set_)//; $name = { font => 'font_name', size => 'font_size' }->{$name} || $name; $name => $properties->{$_} } keys %$properties;
}

sub close {    ## no critic - the original's name
    my ($self) = @_;
    return if $self->{_fileclosed};
    $self->{_fileclosed} = 1;
    my $stream = $self->{_stream};
    $self->_forward;
    my $handle = delete $self->{_fh};
    my $good = 1;
    local ( $\, $, );
    my $done = $stream->finish( sub { $good &&= print {$handle} $_[0] } );
    if ( $self->{_closes} ) { $good = CORE::close($handle) && $good }
    else                    { $good = $handle->flush && $good if Scalar::Util::blessed($handle) && $handle->can('flush') }
    return $good && $done ? 1 : 0;
}

# Tells the daemon what programs set in the objects themselves.
sub _forward {
    my ($self) = @_;
    my $stream = $self->{_stream};
    $stream->call( attribute => $SELF, 'custom_colors', $self->{_custom_colors} ) if @{ $self->{_custom_colors} };
    $_->_forward for @{ $self->{_worksheets} }, @{ $self->{_charts} };
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{_fileclosed} || !$self->{_stream} || !$self->{_stream}->is_open;
    local ( $@, $!, $?, $^E );
    eval { local $SIG{__DIE__}; $self->close; 1 } or warn $@;
    return;
}

# --- sheets -------------------------------------------------------------------------------------------------------

sub sheets {
    my ( $self, @numbers ) = @_;
    my @sheets = @{ $self->{_worksheets} };
    return @numbers ? @sheets[@numbers] : @sheets;
}

sub worksheets { return @{ $_[0]{_worksheets} } }

sub get_worksheet_by_name {
    my ( $self, $name ) = @_;
    return undef if !defined $name;    ## no critic - one value, also in lists
    for my $sheet ( @{ $self->{_worksheets} } ) { return $sheet if $sheet->get_name eq $name }
    return undef;                      ## no critic - the same
}

sub add_worksheet {
    my ( $self, $name ) = @_;
    $name = $self->_sheet_name( $name, 'Sheet' );
    return $self->_add_sheet( 'Excel::Writer::XLSX::Worksheet', add_worksheet => $name );
}

sub _add_sheet {
    my ( $self, $class, $method, $name ) = @_;
    my $number = $self->{_stream}->number;
    $self->{_stream}->call( $method => $SELF, $number, CPANBridge::Compat::Excel::Stream::text($name) );
    my $sheet = $class->_made( $self, $number, $name, scalar @{ $self->{_worksheets} } );
    push @{ $self->{_worksheets} }, $sheet;
    return $sheet;
}

# Checks a name, or makes one up.
sub _sheet_name {
    my ( $self, $name, $kind ) = @_;
    $self->{_count}{$kind}++;
    $name = "$kind$self->{_count}{$kind}" if !defined $name || !length $name;
    Carp::croak("Sheetname $name must be <= 31 chars") if length $name > 31;
    Carp::croak("Invalid character []:*?/\\ in worksheet name: $name") if $name =~ m{[\[\]:*?/\\]};
    Carp::croak("Worksheet name $name cannot start or end with an apostrophe") if $name =~ /\A'|'\z/;
    for my $sheet ( @{ $self->{_worksheets} } ) {
        Carp::croak("Worksheet name '$name', with case ignored, is already used.") if lc $sheet->get_name eq lc $name;
    }
    return $name;
}

sub add_chart {
    my ( $self, %options ) = @_;
    my $type = $options{type};
    Carp::croak('Must define chart type in add_chart()') if !defined $type;
    my $name = $options{name};
    my $chart = Excel::Writer::XLSX::Chart->_new_of( $self, $type, $options{subtype}, $options{embedded} ? $name : undef );
    push @{ $self->{_charts} }, $chart;
    return $chart if $options{embedded};
    my $sheet = $self->_add_sheet( 'Excel::Writer::XLSX::Chartsheet', add_chartsheet => $self->_sheet_name( $name, 'Chart' ) );
    $sheet->_take($chart);
    return $sheet;
}

# --- formats and colours ------------------------------------------------------------------------------------------

sub add_format {
    my ( $self, @properties ) = @_;
    my $number = $self->{_stream}->number;
    $self->{_stream}->call( add_format => $SELF, $number );
    my $format = Excel::Writer::XLSX::Format->_made( $self->{_stream}, $number );
    my %default = %{ $self->{_default_format_properties} };
    $format->set_format_properties(%default) if %default;
    $format->set_format_properties(@properties) if @properties;
    push @{ $self->{_formats} }, $format;
    return $format;
}

sub get_default_url_format { return $_[0]{_default_url_format} }

sub set_custom_color {
    my ( $self, $index, @rgb ) = @_;
    if ( defined $rgb[0] && $rgb[0] =~ /\A#([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})/ ) {
        @rgb = map { hex } $1, $2, $3;
    }
    if ( $index < 8 || $index > 64 ) {
        Carp::carp("Color index $index outside range: 8 <= index <= 64");
        return 0;
    }
    if ( @rgb != 3 || grep { !defined || $_ < 0 || $_ > 255 } @rgb ) {
        Carp::carp('Color component outside range: 0 <= color <= 255');
        return 0;
    }
    my $rgb = sprintf '%02X%02X%02X', @rgb;
    $self->{_stream}->colors->set( $index, $rgb );
    push @{ $self->{_custom_colors} }, "FF$rgb";
    return $index;
}

sub set_color_palette { return 0 }

sub add_shape {
    my ( $self, %properties ) = @_;
    return Excel::Writer::XLSX::Shape->_made( $self->{_stream}, %properties );
}

# --- properties ---------------------------------------------------------------------------------------------------

sub set_1904 {
    my ( $self, $on ) = @_;
    Carp::croak('set_1904() must be called before add_worksheet()') if @{ $self->{_worksheets} };
    $self->{_date_1904} = defined $on ? $on : 1;
    $self->{_stream}->call( set_1904 => $SELF, $self->{_date_1904} ? 1 : 0 );
    return;
}

sub get_1904 { return $_[0]{_date_1904} }

sub set_optimization {
    my ( $self, $level ) = @_;
    Carp::croak('set_optimization() must be called before add_worksheet()') if @{ $self->{_worksheets} };
    $self->{_optimization} = defined $level ? $level : 1;
    $self->{_stream}->call( set_optimization => $SELF ) if $self->{_optimization};
    return;
}

# The daemon has a folder of its own for temporary files.
sub set_tempdir {
    my ( $self, $folder ) = @_;
    Carp::croak("$folder is not a valid directory") if defined $folder && !-d $folder;
    Carp::croak('set_tempdir must be called before add_worksheet') if @{ $self->{_worksheets} };
    return;
}

sub define_name {
    my ( $self, $name, $formula ) = @_;
    my ( $sheet, $plain ) = $name =~ /\A(.*)!(.*)\z/s;
    $plain = $name if !defined $plain;
    if ( defined $sheet ) {
        ( my $bare = $sheet ) =~ s/\A'(.*)'\z/$1/s;
        if ( !grep { $_->get_name eq $bare } @{ $self->{_worksheets} } ) {
            Carp::carp("Unknown sheet name $bare in defined_name()");
            return -1;
        }
    }
    if ( $plain !~ /\A[\w\\][\w\\.]*\z/ || $plain =~ /\A\d/ ) {
        Carp::carp("Invalid characters in name '$plain' used in defined_name()");
        return -1;
    }
    if ( $plain =~ /\A[a-zA-Z][a-zA-Z]?[a-dA-D]?[0-9]+\z/ || $plain =~ /\A[rcRC]\z/ || $plain =~ /\A[rcRC]\d+[rcRC]\d+\z/ ) {
        Carp::carp("Invalid name '$plain' looks like a cell name in defined_name()");
        return -1;
    }
    my $text = \&CPANBridge::Compat::Excel::Stream::text;
    return $self->{_stream}->call( define_name => $SELF, $text->($name), $text->($formula) );
}

sub set_size {
    my ( $self, $width, $height ) = @_;
    $self->{_stream}->call( set_size => $SELF, $width || 0, $height || 0 );
    return;
}

sub set_tab_ratio {
    my ( $self, $ratio ) = @_;
    return if !defined $ratio;
    if ( $ratio < 0 || $ratio > 100 ) { Carp::carp("Tab ratio '$ratio' outside: 0 <= ratio <= 100"); return }
    $self->{_stream}->call( set_tab_ratio => $SELF, $ratio );
    return;
}

my %PROPERTY = map { $_ => 1 }
  qw(title subject author keywords comments last_author created category manager company status hyperlink_base utf8);

sub set_properties {
    my ( $self, %properties ) = @_;
    return -1 if !%properties;
    for my $name ( sort keys %properties ) {
        if ( !$PROPERTY{$name} ) { Carp::carp("Unknown parameter '$name' in set_properties()"); return -1 }
    }
    my %said = map { $_ => CPANBridge::Compat::Excel::Stream::text( $properties{$_} ) }
      grep { $_ ne 'created' && $_ ne 'utf8' && defined $properties{$_} } keys %properties;
    if ( my $created = $properties{created} ) {
        if ( ref $created eq 'ARRAY' ) {
            require Time::Local;
            my @time = @{$created}[ 0 .. 5 ];
            $time[5] += 1900 if $time[5] < 1000;
            $created = Time::Local::timegm(@time);
        }
        $said{created} = 0 + $created;
    }
    $self->{_stream}->call( set_properties => $SELF, \%said );
    return;
}

sub set_custom_property {
    my ( $self, $name, $value, $type ) = @_;
    if ( !defined $name || !defined $value ) {
        Carp::carp('The name and value parameters must be defined in set_custom_property()');
        return -1;
    }
    if ( !defined $type ) {
        $type =
            $value =~ /\A\d+\z/ ? 'number_int'
          : $value =~ /\A[+-]?(?=\d|\.\d)\d*(?:\.\d*)?(?:[Ee][+-]?\d+)?\z/ ? 'number'
          : $value =~ /\A\d{4}-\d\d-\d\d/ ? 'date'
          :                                 'text';
    }
    elsif ( $type !~ /\A(?:text|date|number|number_int|bool)\z/ ) {
        Carp::carp("Unknown custom type '$type' in set_custom_property()");
        return -1;
    }
    $type = 'number_int' if $type eq 'number' && $value =~ /\A-?\d+\z/;
    $value = $value && $value ne 'false' ? 1 : 0 if $type eq 'bool';
    my $text = \&CPANBridge::Compat::Excel::Stream::text;
    $value = $text->($value) if $type eq 'text' || $type eq 'date';
    $self->{_stream}->call( set_custom_property => $SELF, $text->($name), $value, $type );
    return;
}

sub add_vba_project {
    my ( $self, $file ) = @_;
    Carp::croak('No vbaProject.bin specified in add_vba_project()') if !defined $file;
    my $project = _content($file);
    Carp::croak("Couldn't locate $file in add_vba_project(): $!") if !defined $project;
    $self->{_stream}->call( add_vba_project => $SELF, $self->{_stream}->blob($project) );
    return 0;
}

# The bytes of a file that the program names.
sub _content {
    my ($file) = @_;
    open my $in, '<', $file or return undef;    ## no critic - one value, also in lists
    binmode $in;
    local $/;
    my $content = <$in>;
    return defined $content ? $content : '';
}

sub set_vba_name {
    my ( $self, $name ) = @_;
    $self->{_stream}->call( set_vba_name => $SELF, defined $name ? $name : () );
    return;
}

sub read_only_recommended { my ($self) = @_; $self->{_stream}->call( read_only_recommended => $SELF ); return }

sub set_calc_mode {
    my ( $self, $mode, $id ) = @_;
    $self->{_stream}->call( set_calc_mode => $SELF, defined $mode ? $mode : 'auto', $id );
    return;
}

# For programs that were written for the older Spreadsheet::WriteExcel.
sub compatibility_mode { return }
sub set_codepage       { return }

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX::Workbook - CPANBridge's replacement: a workbook that is being written

=head1 DESCRIPTION

Part of L<Excel::Writer::XLSX>, where what is covered and what not is told.

The methods are those that the original documents.

=head1 METHODS

=head2 new, close

Begin a workbook; make the file.

=head2 add_worksheet, add_chart, add_format, add_shape, sheets, worksheets, get_worksheet_by_name

What belongs to it.

=head2 set_properties, set_custom_property, define_name, set_calc_mode, set_size, set_tab_ratio, read_only_recommended

Of the workbook as a whole.

=head2 set_custom_color, set_color_palette, get_default_url_format

Colours and the format of hyperlinks.

=head2 set_1904, get_1904, set_optimization, set_tempdir

Before the first worksheet is added.

=head2 add_vba_project, set_vba_name

Macros.

=head2 compatibility_mode, set_codepage

Do nothing; older programs call them.

=cut
